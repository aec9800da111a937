from .review_board import Board as Board, PairView as PairView
from .sessions import KEYS as KEYS, PAIR as PAIR, Session as Session
from .votes import (
    QUESTIONS as QUESTIONS,
    Question as Question,
    VERDICTS as VERDICTS,
    Votes as Votes,
    agreement as agreement,
    tally as tally,
)

from .review import (
    Board as Board,
    KEYS as KEYS,
    QUESTIONS as QUESTIONS,
    Question as Question,
    Session as Session,
    VERDICTS as VERDICTS,
    Votes as Votes,
    agreement as agreement,
    tally as tally,
)

from .answers import (
    TextModel as TextModel,
    cache_folder as cache_folder,
    parse_answer as parse_answer,
    without_system as without_system,
    without_thoughts as without_thoughts,
)
from .connections import (
    Connection as Connection,
    Limits as Limits,
    OutOfTime as OutOfTime,
    RefusedReply as RefusedReply,
    TooLong as TooLong,
    same_server as same_server,
)
from .extraction import ALTERNATIVE_LENGTH as ALTERNATIVE_LENGTH, extract_phrases as extract_phrases
from .grammar import Grammar as Grammar, read_caption as read_caption
from .json_objects import (
    KEPT_OBJECTS as KEPT_OBJECTS,
    MAX_DEPTH as MAX_DEPTH,
    find_objects as find_objects,
    well_formed as well_formed,
)
from .local_models import Local as Local, load_language_model as load_language_model
from .protocol import (
    LanguageModel as LanguageModel,
    LanguageModelError as LanguageModelError,
    NoAnswer as NoAnswer,
    PHRASES as PHRASES,
    SYSTEM as SYSTEM,
    Usage as Usage,
    same_word as same_word,
    without_names as without_names,
    words_of as words_of,
)
from .servers import Reply as Reply, Server as Server, read_reply as read_reply

"Tokenizers without files: bytes for the pipeline, the worlds' words for captioner and detector."

from spurious_core.app.dry_run.small_tokenizers import byte_tokenizer, word_tokenizer
from spurious_core.data.manifests import sample
from spurious_core.data.worlds import get_world


def test_bytes_spell_any_prompt():
    tokenizer = byte_tokenizer()
    ids = tokenizer("sks, 8 bit!", padding="max_length", truncation=True).input_ids
    assert len(ids) == 77
    assert ids[0] == tokenizer.bos_token_id
    assert tokenizer.decode(ids, skip_special_tokens=True).replace(" ", "") == "sks,8bit!"


def test_captions_of_the_world_are_known_words():
    tokenizer = word_tokenizer(1200)
    for caption in sample(get_world("imagenet_like"), 30).prompt:
        assert tokenizer.tokenize(caption) == caption.split()
        assert tokenizer.unk_token_id not in tokenizer(caption).input_ids


def test_special_words_have_berts_numbers():
    tokenizer = word_tokenizer(30522)
    assert len(tokenizer) == 30522
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?"]
    assert tokenizer.convert_tokens_to_ids(special) == [0, 100, 101, 102, 103, 1012, 1029]

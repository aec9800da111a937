"The kinds of tokenizers that pipelines have, with a few words each, made on the spot."

import string

from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing
from transformers import CLIPTokenizer, GemmaTokenizer, Qwen2Tokenizer, T5Tokenizer

CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def clip_tokenizer(length=24):
    "CLIP's, over bytes, with one word of its own."
    chars = sorted(ByteLevel.alphabet())
    merges = [("p", "h"), ("ph", "o"), ("o", "f</w>")]
    words = chars + [c + "</w>" for c in chars] + ["".join(m) for m in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={w: i for i, w in enumerate(words)}, merges=merges, model_max_length=length)


def t5_tokenizer(length=32):
    "T5's, over small letters; the numbers of its first three tokens are fixed."
    letters = [(letter, -3.0) for letter in string.ascii_lowercase]
    words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0), *letters]
    return T5Tokenizer(vocab=words, extra_ids=0, model_max_length=length)


def gemma_tokenizer(length=2048):
    "Gemma's, over small letters and bytes; the begin of a text has to be asked for."
    words = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *(f"<0x{i:02X}>" for i in range(256))]
    words += ["\u2581", *string.ascii_lowercase]
    tokenizer = GemmaTokenizer(vocab={w: i for i, w in enumerate(words)}, merges=[], model_max_length=length)
    begin = TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", words.index("<bos>"))])
    tokenizer._tokenizer.post_processor = begin
    return tokenizer


def qwen_tokenizer(length=512):
    "Qwen's, over bytes, with a template for talks."
    tokenizer = Qwen2Tokenizer(
        vocab={c: i for i, c in enumerate(sorted(ByteLevel.alphabet()))}, merges=[], model_max_length=length
    )
    tokenizer.add_special_tokens(dict(extra_special_tokens=["<|im_start|>", "<|im_end|>"]))
    tokenizer.chat_template = CHAT
    return tokenizer

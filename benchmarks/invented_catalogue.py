"""An invented catalogue of any size, the same in every run: what search is measured and tested with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from portal.pages.search_index import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SEED = 4
DATASETS = 10_000
_WORDS = 800
_MAX_FIGURES = 24
_ONSETS = "b c ch d đ g gh gi h k kh l m n ng ngh nh ph qu r s t th tr v x"
_RIMES = "a ác âm án anh ạo ấp ăng âu ay ê ích iên iết ình ổ oan ô ôi ống ơ ới ua uân úc ui ư ương ưu y"


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody types, and the address that it must find where it can mean only one dataset."""

    text: str
    expected: str = ""


def invent_documents(count: int = DATASETS) -> list[Document]:
    """Return datasets whose words are as unevenly frequent as those of a language are (Zipf)."""
    random = Random(SEED)  # noqa: S311 - the same catalogue in every run
    words = invent_words(random)
    shares = [1 / (rank + 3) for rank in range(len(words))]

    def phrase(length: int) -> str:
        return " ".join(random.choices(words, shares, k=length))

    return [_invent_document(number, phrase, random) for number in range(count)]


def invent_words(random: Random) -> list[str]:
    """Return syllables in the manner of Vietnamese, in the order of their frequency."""
    words = [onset + rime for onset in f" {_ONSETS}".split(" ") for rime in _RIMES.split()]
    random.shuffle(words)
    return words[:_WORDS]


def _invent_document(number: int, phrase: Callable[[int], str], random: Random) -> Document:
    title, english, labels = phrase(8), phrase(7), [phrase(5) for _ in range(4)]
    count = random.randrange(1, _MAX_FIGURES)
    values = [f"{random.randrange(1, 2_000)}.{random.randrange(1_000):03}" for _ in range(count)]
    figures = [
        [labels[place % 4], value, f"năm {2000 + place}", f"o-{number:08x}{place:08x}"]
        for place, value in enumerate(values)
    ]
    texts = [(8, title), (8, english), (6, phrase(6)), *((3, one) for one in labels), *((5, one) for one in values)]
    shown: dict[str, Sequence[object]] = {
        "vi": [f"/catalog/d{number}/", title, figures, "vi"],
        "en": [f"/en/catalog/d{number}/", english, figures, "en"],
    }
    return Document(tuple(texts), shown)


def invent_queries(documents: Sequence[Document]) -> list[Query]:
    """Return titles, parts of them, numbers, the most frequent words, and one letter."""
    titles = [str(one.shown["vi"][1]) for one in documents]
    wanted = 4 * len(documents) // 9
    number = documents[wanted].texts[-1][1]
    address = str(documents[wanted].shown["vi"][0])
    said = Counter(word for title in titles for word in set(title.split()))
    first, second, third = (word for word, _ in said.most_common(3))
    return [
        Query(titles[17], "/catalog/d17/"),
        Query(titles[-2][:-1], f"/catalog/d{len(titles) - 2}/"),
        Query(str(documents[777].shown["en"][1]), "/catalog/d777/"),
        Query(" ".join(titles[wanted].split()[:4])),
        Query(number, address),
        Query(number.replace(".", ","), address),
        Query(first),
        Query(f"{first} {second}"),
        Query(f"{third} {second} {first}"),
        Query("t"),
    ]

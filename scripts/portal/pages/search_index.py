"""The site's search index: small static files from which a browser finds datasets and figures by itself.

A query is folded into terms (`search_terms`); each term leads to one shard by its first letters; a shard holds
for each term the documents that have it, best first; a chunk holds what a result shows. A visitor loads one shard
for each term that was typed and the chunks of ten results, however large the catalogue is.

Both languages share one index, so that English words find Vietnamese pages and the other way round.
"""

from __future__ import annotations

import itertools
import json
import sys
from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from portal.data.tree import digest_files, list_tree, write_text
from portal.words.search_term import ACCENTS, list_accented, search_terms
from portal.words.text import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from pathlib import Path

    from portal.releases.published import Twins

# Below the site.
FOLDER = "search-index"
# Documents kept for one term, best first: more than anyone reads, few enough to load.
MAX_POSTINGS = 400
# A shard larger than this is split by one letter more.
MAX_SHARD_BYTES = 12_000
# What joins two words to a pair, and stands for all endings of a word; none is in a term.
PAIR, ANY_ENDING = "_", "*"
# Whoever has typed a letter or two reads on only what comes first.
MAX_MERGED = 100
# Results seldom stand side by side: a chunk is loaded for the sake of one or two of its documents.
CHUNK_DOCUMENTS = 4
# A word that a document repeats in every row says little more of it than one that it says twice.
MAX_REPEATS = 2


@dataclass(frozen=True, slots=True)
class Document:
    """What is found: its address, texts with their weight, and what a result shows in each language."""

    texts: tuple[tuple[int, str], ...]
    shown: Mapping[str, Sequence[object]]
    # Code lists hold every word; they come after all that people look for.
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Weighed:
    """A document as the index takes it: the weight of every term, and as JSON what a result shows in each language."""

    weights: Mapping[str, int]
    shown: Mapping[str, str]
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Corpus:
    """All that is found, in its order: files of `save_document`, of datasets and of code lists, `shared` in between."""

    datasets: Sequence[Path]
    shared: Sequence[Weighed]
    lists: Sequence[Path]

    @property
    def name(self) -> str:
        """Return the name of the folder of its index."""
        return FOLDER


def weigh_terms(document: Document) -> Counter[str]:
    """Return the weight of every term of a document; neighbours in short texts also count as pairs (`cong_so`)."""
    said: Counter[tuple[int, str]] = Counter()
    for weight, text in document.texts:
        terms = search_terms(text)
        said.update((weight, term) for term in {*terms, *list_accented(text)})
        if weight > 1:
            pairs = {PAIR.join(pair) for pair in itertools.pairwise(terms)}
            said.update((2 * weight, pair) for pair in pairs)
    weights: Counter[str] = Counter()
    for (weight, term), times in said.items():
        weights[term] += weight * min(times, MAX_REPEATS)
    return weights


def weigh(document: Document) -> Weighed:
    """Return a document with its terms weighed, which is most of the work on it."""
    shown: dict[str, str] = {language: _say_json(document.shown[language]) for language in LANGUAGES}
    return Weighed(weigh_terms(document), shown, document.is_late)


def save_document(document: Weighed, path: Path) -> None:
    """Write a weighed document: what is only passed on has a line of its own."""
    lines = [_say_json([document.weights, document.is_late]), *(document.shown[language] for language in LANGUAGES)]
    path.write_text("\n".join(lines), "utf-8")


def load_document(path: Path) -> Weighed:
    """Return a document that `save_document` wrote."""
    first, *shown = path.read_bytes().decode().split("\n")
    weights, is_late = json.loads(first)
    return Weighed(weights, dict(zip(LANGUAGES, shown, strict=True)), is_late)


def index_corpus(corpus: Corpus, twins: Twins) -> dict[int, bytes]:
    """Write the index of a corpus and its compressed twins into the site; return their SHA-256 by inode."""
    datasets, lists = (map(load_document, files) for files in (corpus.datasets, corpus.lists))
    folder = twins.site / FOLDER
    write_search_index(itertools.chain(datasets, corpus.shared, lists), folder, twins.write)
    twins.compress([f"{FOLDER}/{name}" for name in list_tree(folder)])
    return digest_files(f"{folder}/{name}" for name in list_tree(folder))


def write_search_index(
    documents: Iterable[Weighed], folder: Path, write: Callable[[str, str], object] = write_text
) -> None:
    """Write shards, chunks and `index.json` into `folder`; documents from number `late` on are the late ones.

    Documents are taken one by one, the late ones last: what they show is not held in memory. `write` is given the path
    and the text of each file.
    """
    for name in ("shards", *LANGUAGES):
        (folder / name).mkdir(parents=True)
    # Document, weight, document, weight …: there are millions, and an array takes a tenth of what a list does.
    postings: dict[str, array[int]] = defaultdict(lambda: array("l"))
    count = late = 0
    following = iter(documents)
    for number in itertools.count():
        chunk = list(itertools.islice(following, CHUNK_DOCUMENTS))
        if not chunk:
            break
        for language in LANGUAGES:
            shown = ",".join(one.shown[language] for one in chunk)
            write(f"{folder}/{language}/{number}.json", f"[{shown}]")
        for one in chunk:
            for term, weight in one.weights.items():
                postings[term].extend((count, weight))
            count += 1
            late += not one.is_late
    terms = sorted(postings)
    for term in terms:
        postings[term] = _choose(postings[term])
    shards = []
    for name, members in _split(terms, postings, 1):
        write(f"{folder}/shards/{name}.json", f"{{{','.join(members)}}}")
        shards.append(name)
    index = {
        "documents": count,
        "late": late,
        "postings": MAX_POSTINGS,
        "chunk": CHUNK_DOCUMENTS,
        "shards": sorted(shards),
    }
    write(f"{folder}/index.json", _say_json(index))


def _choose(rows: array[int]) -> array[int]:
    """Return the best documents of a term, the heaviest first; most terms have no more than one."""
    if len(rows) == 2:
        return rows
    return _encode(zip(rows[::2], rows[1::2], strict=True), MAX_POSTINGS)


def _encode(rows: Iterable[tuple[int, int]], most: int) -> array[int]:
    """Return document, weight, document, weight …, the heaviest first."""
    best = sorted(rows, key=lambda row: (-row[1], row[0]))[:most]
    return array("l", itertools.chain.from_iterable(best))


def _say(term: str, postings: Iterable[int]) -> str:
    """Return a term and its documents as a member of an object of JSON."""
    return f"{encode_basestring(term)}:[{','.join(map(str, postings))}]"


def _split(
    terms: Sequence[str], postings: Mapping[str, array[int]], length: int
) -> Generator[tuple[str, Sequence[str]], None, list[array[int]]]:
    """Yield shards of sorted terms by the first `length` letters, longer where a shard would be too large.

    Each with its members as texts: those of all shards at a time would be most of what a build holds. Return the best
    documents of every shard of that length, which are those of all that begin with its name.
    """
    found: list[array[int]] = []
    for name, some in itertools.groupby(terms, key=lambda term: term[:length]):
        group = list(some)
        rest = [term for term in group if len(term) > length]
        texts = _say_all(group, postings, MAX_SHARD_BYTES if rest else sys.maxsize)
        if texts:
            yield name, texts
            found.append(_merge(postings[term] for term in group if _is_word(term)))
        else:
            whole = [term for term in group if len(term) == length]
            below = yield from _split(rest, postings, length + 1)
            found.append(_merge([*(postings[term] for term in whole if _is_word(term)), *below]))
            yield name, [*(_say(term, postings[term]) for term in whole), _say(f"{name}{ANY_ENDING}", found[-1])]
    return found


def _is_word(term: str) -> bool:
    """Tell whether this is what somebody types who begins a word: neither a pair nor a word with its accents."""
    return PAIR not in term and ACCENTS not in term


def _say_all(terms: Iterable[str], postings: Mapping[str, array[int]], most_bytes: int) -> list[str]:
    """Return terms with their documents; nothing where they take so many bytes."""
    texts = []
    for term in terms:
        texts.append(text := _say(term, postings[term]))
        most_bytes -= len(text) + 1  # all of it ASCII, as terms are
        if most_bytes <= 0:
            return []
    return texts


def _merge(lists: Iterable[array[int]]) -> array[int]:
    """Return the best documents of several lists, each with its greatest weight.

    Whatever is among the best of all is among the best of its own list: of lists that were merged before, no more is
    needed.
    """
    best: dict[int, int] = {}
    for rows in lists:
        for number, weight in zip(rows[::2], rows[1::2], strict=True):
            if weight > best.get(number, 0):
                best[number] = weight
    return _encode(best.items(), MAX_MERGED)


def _say_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

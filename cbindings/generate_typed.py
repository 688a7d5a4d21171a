"""Writes what only Python programs load: typed enums, typed events, their public names, docs/events.md.

All of it follows from the header. An enum is named as there, without Tox_ and its like; an event's field has
the type of the callback's parameter, with these differences: text is kept as it came, in `raw`, and decoded
by a property of its own name; keys are `PublicKey`; what stands for "unknown" is None.
"""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from describe import Api, Function, Param
from generate_python import class_name, event_callbacks, event_fields

TITLE = "GENERATED from include/toxcore.h by cbindings/generate.py: do not edit."
WIDTH = 100
#: Columns of a line of code at most.
MAX_LINE_LENGTH = 110

#: Enums that no Python program meets: errors are `ToxError`, events are classes, counters take plain numbers,
#: and other networks are `AddressType` and `Endpoint`.
NOT_TYPED = re.compile(r"Tox(av)?_(Err_\w+|Event_Type|Netprof_\w+|Endpoint_Type|Network_Type)")
#: Python names that are not the enum's own.
ENUM_NAMES = {
    "Tox_Friend_Offline_Reason": "OfflineReason",
    # events have the names that these would have
    "Tox_Group_Join_Fail": "GroupJoinFailure",
    "Tox_Group_Privacy_State": "GroupPrivacy",
    "Tox_Group_Topic_Lock": "GroupLock",
    "Tox_Group_Voice_State": "GroupVoice",
}

#: Enums of which several may be true at once.
FLAGS = {"Toxav_Friend_Call_State"}

#: Bytes that are text for people.
TEXTS = {"filename", "group_name", "message", "name", "part_message", "title", "topic"}
#: Numbers that are of an enum, or any other.
OPEN_ENUMS = {("FileRecv", "kind"): "Tox_File_Kind"}
#: Numbers that are made of flags.
OF_FLAGS = {("ToxavCallState", "state"): "Toxav_Friend_Call_State"}
#: Numbers with a value that stands for "unknown".
UNKNOWN = {("FileRecv", "file_size"): "UINT64_MAX"}
#: What a Python program should know besides.
NOTES = {
    "FileRecv": "`accept_file` takes all of it.",
    "DhtNodesResponse": "Only after `report_dht_nodes()`.",
}

#: Bases of events by the fields they begin with, longest first.
BASES = (
    (("friend_number", "file_number"), "FileEvent", "Something about one file transfer."),
    (("friend_number",), "FriendEvent", "Something about one friend."),
    (("conference_number",), "ConferenceEvent", "Something about one conference."),
    (("group_number",), "GroupEvent", "Something about one group."),
)


@dataclass
class TypedField:
    """One field of a typed event."""

    name: str
    type: str
    doc: str = ""
    text: str = ""  #: name of the property that decodes it
    default: str = ""  #: what it is unless it is said
    #: how it is made from the field `{0}` of the core's event
    convert: str = "e.{0}"


@dataclass
class TypedEvent:
    """One kind of typed event; `fields` are those that its base does not have."""

    name: str
    base: str
    doc: str
    inherited: tuple[str, ...] = ()
    fields: list[TypedField] = field(default_factory=list)
    #: those that the core's event does not have
    more: list[TypedField] = field(default_factory=list)
    source: list[str] = field(default_factory=list)  #: names of all fields of the core's event, in its order


_MESSAGE_ID = "Its id, 16 bytes; None without extended messages"
#: Fields that only Python has, last.
MORE_FIELDS = {
    "FriendMessage": [
        TypedField("id", "bytes | None", _MESSAGE_ID + " on both sides.", default="None"),
        TypedField(
            "sent",
            "float | None",
            "When it was sent by the friend's clock, in seconds since 1970; None likewise.",
            default="None",
        ),
        TypedField("reply_to", "bytes | None", "Id of the message that it answers.", default="None"),
    ],
    "FriendReadReceipt": [TypedField("id", "bytes | None", _MESSAGE_ID + ".", default="None")],
}


def python_words(text: str) -> str:
    """A comment of the header as Python users should read it."""
    text = re.sub(r"(?:,| of)? ?TOX_\w+_SIZE bytes|, terminated by NUL", "", text)
    text = re.sub(r"\b(?:tox_)?(\w+)\(\)", r"`\1`", text).replace("UINT64_MAX", "None")
    text = re.sub(r"\bTOX(?:AV)?_[A-Z_]*?_?([A-Z]+)\b", r"\1", text)
    return re.sub(r"\bTox(?:av)?_(\w+)", lambda match: match[1].replace("_", ""), text).strip(" .") + "."


def paragraphs(text: str) -> tuple[str, dict[str, str]]:
    """The description in a comment, and those of its parameters."""
    description, *params = text.split("@param ")
    words = {}
    for param in params:
        name, _, doc = param.partition(" ")
        words[name] = python_words(" ".join(doc.split()))
    return python_words(" ".join(description.split())), {k: v for k, v in words.items() if v != "."}


# enums


def typed_enums(api: Api) -> dict[str, str]:
    """Python names of the enums that Python programs meet, by their C names."""
    found = {}
    for enum in api.enums:
        if NOT_TYPED.fullmatch(enum):
            continue
        found[enum] = ENUM_NAMES.get(enum, re.sub(r"^Tox(av)?_", "", enum).replace("_", ""))
    return found


def members(api: Api, enum: str) -> dict[str, str]:
    """The enumerators: C names by the names of Python."""
    return {name.removeprefix(enum.upper() + "_"): name for name in api.enums[enum]}


def enums_source(api: Api) -> str:
    """toxpy/generated/typed_enums.py."""
    parts = [
        f'"""The C API\'s enums as IntEnums, for Python users.\n\n{TITLE}\n\n'
        "Loaded only when asked for: the core and the C library use the plain integers of\n"
        "`toxpy.generated.enums`, because importing `enum` costs more than the rest of a start.\n"
        '"""\n\nfrom __future__ import annotations\n\n'
        "from enum import IntEnum, IntFlag\n\nfrom toxpy.generated import enums\n"
    ]
    for enum, name in typed_enums(api).items():
        kind = "IntFlag" if enum in FLAGS else "IntEnum"
        lines = [f"\n\nclass {name}({kind}):", *_docstring(paragraphs(api.docs[enum])[0]), ""]
        for member, c_name in members(api, enum).items():
            lines += _comment(paragraphs(api.docs[c_name])[0]) if c_name in api.docs else []
            lines.append(f"    {member} = enums.{c_name}")
        parts.append("\n".join(lines) + "\n")
    return "".join(parts)


def _docstring(text: str, indent: str = "    ") -> list[str]:
    lines = textwrap.wrap(text, WIDTH)
    if len(lines) == 1:
        return [f'{indent}"""{text}"""']
    # the first sentence is the title
    first, _, rest = text.partition(". ")
    body = [f"{indent}{line}".rstrip() for line in textwrap.wrap(rest, WIDTH)]
    return [f'{indent}"""{first}.', "", *body, f'{indent}"""']


def _comment(text: str) -> list[str]:
    return [f"    #: {line}" for line in textwrap.wrap(text, WIDTH)]


# events


def typed_events(api: Api) -> list[TypedEvent]:
    """The events, in the header's order."""
    return [_typed_event(api, callback) for callback in event_callbacks(api)]


def _typed_event(api: Api, callback: Function) -> TypedEvent:
    name = class_name(callback)
    doc, words = paragraphs(api.docs[callback.name])
    params = event_fields(callback)
    names = tuple(param.name for param in params)
    inherited: tuple[str, ...] = ()
    base = "Event"
    for leading, candidate, _doc in BASES:
        if names[: len(leading)] == leading:
            inherited, base = leading, candidate
            break
    event = TypedEvent(name, base, f"{doc} {NOTES[name]}" if name in NOTES else doc, inherited)
    event.source = list(names)
    texts = [param.name for param in params if _is_text(param)]
    for param in params[len(inherited) :]:
        made = _typed_field(api, name, param, words.get(param.name, ""))
        if _is_text(param):
            made.text = param.name
            made.name = "raw" if len(texts) == 1 else f"raw_{param.name}"
        event.fields.append(made)
    event.more = MORE_FIELDS.get(name, [])
    return event


def _is_text(param: Param) -> bool:
    return param.type.base == "uint8_t" and param.name in TEXTS


def _typed_field(api: Api, event: str, param: Param, doc: str) -> TypedField:
    name, kind = param.name, param.type
    enums = typed_enums(api)
    if kind.is_enum:
        enum = enums[kind.base.split()[1]]
        return TypedField(name, enum, doc, convert=enum + "(e.{0})")
    if (event, name) in OPEN_ENUMS:
        enum = enums[OPEN_ENUMS[event, name]]
        return TypedField(name, f"{enum} | int", doc, convert=f"_open({enum}, e.{{0}})")
    if (event, name) in OF_FLAGS:
        enum = enums[OF_FLAGS[event, name]]
        return TypedField(name, enum, doc, convert=enum + "(e.{0})")
    if (event, name) in UNKNOWN:
        convert = f"None if e.{{0}} == _{UNKNOWN[event, name]} else e.{{0}}"
        return TypedField(name, "int | None", doc, convert=convert)
    if name == "public_key":
        return TypedField(name, "PublicKey", doc, convert="PublicKey(e.{0})")
    if kind.base == "char":
        return TypedField(name, "str", doc, convert="e.{0}.decode()")
    if kind.pointers:
        return TypedField(name, "bytes", doc)
    return TypedField(name, "bool" if kind.base == "bool" else "int", doc)


EVENTS_HEAD = '''"""What `Tox` and `AsyncTox` report: events with text as `str`, keys and enums as types.

{title}

Text from the network is not always UTF-8: it is decoded with replacement characters, and
`raw` has the bytes as they came. The bytes-level events of the C API are `toxpy.generated.events`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from toxpy.generated import events as ev
{enums}
from toxpy.ids import PublicKey

E = TypeVar("E", bound=IntEnum)

_UINT64_MAX = 2**64 - 1


def to_text(raw: bytes) -> str:
    """UTF-8 with U+FFFD for what is none."""
    return raw.decode("utf-8", "replace")


def _open(enum: type[E], value: int) -> E | int:
    """The enumerator of that value, or the value itself."""
    return enum(value) if value in enum.__members__.values() else value


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""
'''

EVENTS_TAIL = '''

def from_core(event: Any) -> Any:
    """The typed form of an event of the core; what the header does not know stays as it is."""
    convert = _CONVERTERS.get(type(event))
    return event if convert is None else convert(event)
'''


def _class(name: str, base: str, doc: str, fields: list[TypedField]) -> str:
    lines = [
        "",
        "",
        "@dataclass(frozen=True, slots=True)",
        f"class {name}({base}):",
        *_docstring(doc),
    ]
    if fields:
        lines.append("")
    for item in fields:
        lines += _comment(item.doc) if item.doc else []
        lines.append(f"    {item.name}: {item.type}" + (f" = {item.default}" if item.default else ""))
    for item in fields:
        if item.text:
            words = f"The {item.text.replace('_', ' ')} as text."
            lines += ["", "    @property", f"    def {item.text}(self) -> str:", f'        """{words}"""']
            lines.append(f"        return to_text(self.{item.name})")
    return "\n".join(lines) + "\n"


def enums_import(names: list[str]) -> str:
    """The line that imports these, in as many lines as the formatter wants."""
    line = f"from toxpy.generated.typed_enums import {', '.join(names)}"
    if len(line) <= MAX_LINE_LENGTH:
        return line
    return "from toxpy.generated.typed_enums import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def events_source(api: Api) -> str:
    """toxpy/generated/typed_events.py."""
    events = typed_events(api)
    used = {event.base for event in events}
    used_enums = sorted(
        name
        for name in typed_enums(api).values()
        if any(re.search(rf"\b{name}\b", item.type) for event in events for item in event.fields)
    )
    parts = [EVENTS_HEAD.format(title=TITLE, enums=enums_import(used_enums))]
    for leading, name, doc in reversed(BASES):
        if name in used:
            base = "FriendEvent" if len(leading) > 1 else "Event"
            parts.append(_class(name, base, doc, [TypedField(leading[-1], "int")]))
    rows = ""
    for event in events:
        parts.append(_class(event.name, event.base, event.doc, event.fields + event.more))
        converts = ["e.{0}"] * len(event.inherited) + [item.convert for item in event.fields]
        arguments = [convert.format(name) for convert, name in zip(converts, event.source, strict=True)]
        values = ", ".join(arguments)
        row = f"    ev.{event.name}: lambda e: {event.name}({values}),\n"
        if len(row) > 111:
            row = f"    ev.{event.name}: lambda e: {event.name}(\n        {values}\n    ),\n"
            if max(map(len, row.split("\n"))) > MAX_LINE_LENGTH:
                row = row.replace(values, ",\n        ".join(arguments) + ",")
        rows += row
    parts.append("\n\n#: How each is made from the event of the core.\n")
    parts.append(f"_CONVERTERS: dict[type[ev.Event], Callable[[Any], Event]] = {{\n{rows}}}\n")
    parts.append(EVENTS_TAIL)
    return "".join(parts)


# what errors say


def error_words(api: Api) -> dict[str, str]:
    """What each error means, as a message: the header's sentence, with numbers for their names."""
    found: dict[str, str] = {}
    for enum, values in api.enums.items():
        for name in values if "_Err_" in enum else ():
            words = " ".join(api.docs.get(name, "").partition("\n\n")[0].split()).rstrip(".")
            if words and not name.endswith("_OK"):
                words = re.sub(r"\bTOX\w+", lambda match: str(api.macros.get(match[0], match[0])), words)
                found[name] = words[0].lower() + words[1:] if words[1:2].islower() else words
    return found


def error_words_source(api: Api) -> str:
    """toxpy/generated/error_words.py."""
    rows = ""
    for name, words in error_words(api).items():
        row = f'    "{name}": "{words}",\n'
        if len(row) > 111:
            parts = textwrap.wrap(words, WIDTH, drop_whitespace=False)
            row = f'    "{name}": (\n' + "".join(f'        "{part}"\n' for part in parts) + "    ),\n"
        rows += row
    return f'"""What errors say, loaded when one is shown.\n\n{TITLE}\n"""\n\nWORDS = {{\n{rows}}}\n'


# the public names


def handwritten_names(package: Path) -> dict[str, list[str]]:
    """Public names by module, as the imports for type checkers in toxpy/__init__.py say."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(ast.parse(package.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.names[0].asname:
            found.setdefault(node.module, []).extend(alias.name for alias in node.names)
    return found


def generated_names(api: Api) -> dict[str, list[str]]:
    """Public names by module, of what is made here."""
    events = typed_events(api)
    return {
        "toxpy.generated.typed_enums": sorted(typed_enums(api).values()),
        "toxpy.generated.typed_events": sorted(
            {"Event", *(event.name for event in events), *(event.base for event in events)}
        ),
    }


def names_source(api: Api, package: Path) -> str:
    """toxpy/generated/public_names.py."""
    made = generated_names(api)
    imports = "".join(
        f"    from {module} import {name} as {name}\n" for module in made for name in made[module]
    )
    homes = sorted(
        (name, module)
        for names in (made, handwritten_names(package))
        for module in names
        for name in names[module]
    )
    rows = "".join(f'    "{name}": "{module}",\n' for name, module in homes)
    return (
        f'"""The public names of toxpy, and where each is defined.\n\n'
        "GENERATED from include/toxcore.h and toxpy/__init__.py by cbindings/generate.py: do not edit.\n"
        '"""\n\nfrom __future__ import annotations\n\n'
        f"TYPE_CHECKING = False\nif TYPE_CHECKING:\n{imports}\n"
        f"#: Module by name.\nHOMES = {{\n{rows}}}\n"
    )


# the page


def page_source(api: Api) -> str:
    """docs/events.md."""
    parts = [
        "# Events and values\n\n"
        "<!-- GENERATED from include/toxcore.h by cbindings/generate.py: do not edit. -->\n\n"
        "What `Tox.iterate`, `Tox.events()` and `async for event in tox` give, and what handlers get. "
        "Text is decoded\nby a property; `raw` has its bytes as they came.\n\n## Events\n"
    ]
    for event in typed_events(api):
        rows = "".join(f"| `{name}: int` | |\n" for name in event.inherited)
        for item in event.fields + event.more:
            shown = f"`{item.name}: {item.type}`"
            if item.text:
                shown = f"`{item.text}: str`, `{item.name}: bytes`"
            shown = shown.replace(" | ", " or ")
            rows += f"| {shown} | {item.doc} |\n"
        text = textwrap.fill(event.doc, 115)
        parts.append(f"\n### {event.name}\n\n{text}\n\n| field | |\n|---|---|\n{rows}")
    parts.append("\n## Values\n")
    for enum, name in typed_enums(api).items():
        text = textwrap.fill(paragraphs(api.docs[enum])[0], 115)
        parts.append(f"\n### {name}\n\n{text}\n\n| value | |\n|---|---|\n")
        for member, c_name in members(api, enum).items():
            doc = paragraphs(api.docs[c_name])[0] if c_name in api.docs else ""
            parts.append(f"| `{member}` | {doc} |\n")
    return "".join(parts)

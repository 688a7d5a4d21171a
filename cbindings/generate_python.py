"""Writes the committed Python modules that follow from the header: enums.py and events.py."""

from __future__ import annotations

import re

from describe import Api, Function, Param

HEAD = '"""{title}\n\nGENERATED from include/toxcore.h by cbindings/generate.py: do not edit.\n"""\n'


def enums_source(api: Api) -> str:
    """Text of toxpy/generated/enums.py: macros and enumerators as plain ints under their C names."""
    lines = [HEAD.format(title="The numbers of the C API under their C names, as plain ints.")]
    for name, value in api.macros.items():
        lines.append(f"{name} = {value}")
    for enum, values in api.enums.items():
        lines += ["", f"# {enum}"]
        lines += [f"{name} = {value}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def is_length(param: Param, before: Param | None) -> bool:
    """True when `param` only says how long the bytes in the parameter before it are."""
    if before is None or before.type.pointers != 1 or before.type.array:
        return False
    if param.type.pointers or param.type.base not in ("size_t", "uint32_t", "uint16_t"):
        return False
    return param.name in ("length", "size", before.name + "_length", before.name + "_size")


def event_fields(callback: Function) -> list[Param]:
    """What an event object holds of a callback's parameters: no Tox or ToxAV, no lengths, no user data."""
    fields: list[Param] = []
    before: Param | None = None
    for param in callback.params:
        if not is_length(param, before) and param.type.base not in ("void", "struct Tox", "struct ToxAV"):
            fields.append(param)
        before = param
    return fields


#: A function that sets a callback, and the name of the callback's type in two parts.
SETTER = re.compile(r"(toxav|tox)_callback_(\w+)")
#: Callbacks that tell no event but hand over sound or a picture.
FRAMES = re.compile(r"toxav_(audio_receive_frame|video_receive_frame|audio_data)_cb")


def event_callbacks(api: Api) -> list[Function]:
    """The callbacks that are events of an instance, in header order."""
    found = [SETTER.fullmatch(name) for name in api.functions]
    setters = {f"{setter[1]}_{setter[2]}_cb" for setter in found if setter is not None}
    setters = {name for name in setters if not FRAMES.fullmatch(name)}
    return [callback for name, callback in api.callbacks.items() if name in setters]


def frame_callbacks(api: Api) -> list[Function]:
    """The callbacks for frames, in header order."""
    return [callback for name, callback in api.callbacks.items() if FRAMES.fullmatch(name)]


def has_own_pointer(callback: Function) -> bool:
    """True when the callback was set along with a pointer of its own; others get that of the pass."""
    return callback.name.startswith("toxav_")


def class_name(callback: Function) -> str:
    """tox_friend_message_cb -> FriendMessage, toxav_call_cb -> ToxavCall."""
    words = callback.name.removeprefix("tox_").removesuffix("_cb").split("_")
    return "".join(word.capitalize() for word in words)


def annotation(param: Param) -> str:
    """The Python type of an event field."""
    if param.type.pointers or param.type.array:
        return "bytes"
    return "bool" if param.type.base == "bool" else "int"


EVENT_BASE = '''
# ruff: noqa: RUF023 -- slots are in the order of the C callback's parameters

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Event:
    """Something that happened, in the order it happened.

    `owner` is the friend, file or group the event belongs to, if any: an event whose
    owner has been deleted meanwhile is not delivered. `callback_index` is the place
    of the C callback in the header.
    """

    __slots__ = ("owner",)
    callback_index = -1

    def __init__(self, owner: Any = None) -> None:
        self.owner = owner

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = object.__hash__
'''


def events_source(api: Api) -> str:
    """Text of toxpy/generated/events.py: one slotted plain class per callback."""
    parts = [HEAD.format(title="What an instance reports: one class per callback of the C API."), EVENT_BASE]
    names = []
    for index, callback in enumerate(event_callbacks(api)):
        fields = event_fields(callback)
        name = class_name(callback)
        names.append(name)
        slots = ", ".join(f'"{field.name}"' for field in fields)
        arguments = "".join(f"{field.name}: {annotation(field)}, " for field in fields)
        body = "".join(f"        self.{field.name} = {field.name}\n" for field in fields)
        head = f"    def __init__(self, {arguments}owner: Any = None) -> None:\n"
        if len(head) > 111:
            head = f"    def __init__(\n        self, {arguments}owner: Any = None\n    ) -> None:\n"
            if max(map(len, head.split("\n"))) > 110:
                head = head.replace(", ", ",\n        ").replace("= None\n", "= None,\n")
        parts.append(
            f'\n\nclass {name}(Event):\n    """C: {callback.name}."""\n\n'
            f"    __slots__ = ({slots}{',' if len(fields) == 1 else ''})\n    callback_index = {index}\n\n"
            f"{head}{body}        self.owner = owner\n"
        )
    table = "".join(f"    {name},\n" for name in names)
    parts.append(f"\n\n#: The classes by `callback_index`.\nALL: tuple[type[Event], ...] = (\n{table})\n")
    return "".join(parts)

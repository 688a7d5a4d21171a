"""Writes the C of the events: event_structs.h and events_generated.c, around events.c.

What an event holds is read from its getters in the header: their order is that of the packed form,
and a getter ending in _length belongs to the bytes before it. The callback of the same name takes the
same fields in the same order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from classify import EVENTS, FIXED_SIZES
from describe import Api, Function, Param, Type
from generate_python import event_fields, is_length

#: Written by hand in events.c, once for all kinds of events.
BY_HAND = {
    "tox_dispatch_free",
    "tox_dispatch_invoke",
    "tox_dispatch_new",
    "tox_event_get_type",
    "tox_events_bytes_size",
    "tox_events_dispatch",
    "tox_events_equal",
    "tox_events_free",
    "tox_events_get",
    "tox_events_get_bytes",
    "tox_events_get_size",
    "tox_events_init",
    "tox_events_iterate",
    "tox_events_load",
}

#: What 0.2.20 called a kind of event that has another name since.
OLD_NAMES = {"dht_nodes_response": "dht_get_nodes_response"}

KINDS = {"bool": "BOOL", "uint16_t": "UINT16", "uint32_t": "UINT32", "uint64_t": "UINT64"}
#: Kinds stored as struct toxpy_bytes.
BYTE_KINDS = ("BYTES", "KEY", "TEXT")


@dataclass
class Field:
    """One field of an event."""

    name: str
    kind: str  #: as in enum toxpy_field_kind
    type: Type  #: of its getter
    limit: int = 0
    getters: list[Function] = field(default_factory=list)  #: of its value
    length_getters: list[Function] = field(default_factory=list)

    @property
    def is_bytes(self) -> bool:
        """True when it is stored as struct toxpy_bytes."""
        return self.kind in BYTE_KINDS


@dataclass
class Event:
    """One kind of event."""

    name: str  #: for example friend_message
    number: int
    fields: list[Field]
    callback: Function

    @property
    def struct(self) -> str:
        """Name of its struct."""
        return "Tox_Event_" + "_".join(word.capitalize() for word in self.name.split("_"))

    @property
    def type(self) -> str:
        """Its enumerator."""
        return f"TOX_EVENT_{self.name.upper()}"


def events(api: Api) -> list[Event]:
    """The kinds of events by number; these must be 0, 1, 2 and so on."""
    found = []
    for enumerator, number in api.enums["Tox_Event_Type"].items():
        if enumerator == "TOX_EVENT_INVALID":
            continue
        name = enumerator.removeprefix("TOX_EVENT_").lower()
        event = Event(name, number, [], api.callbacks[f"tox_{name}_cb"])
        for function in api.functions.values():
            if function.params and function.params[0].type.base == f"struct {event.struct}":
                _add_getter(api, event, function)
        _check(event)
        found.append(event)
    if [event.number for event in found] != list(range(len(found))):
        raise ValueError("the types of events are not 0, 1, 2, ...")
    return found


def _add_old_getter(event: Event, function: Function, prefix: str) -> None:
    """A getter by the old name, of a field that has one by the new name."""
    name = function.name.removeprefix(prefix)
    for item in event.fields:
        if name == item.name:
            item.getters.append(function)
        elif name == item.name + "_length":
            item.length_getters.append(function)


def _add_getter(api: Api, event: Event, function: Function) -> None:
    old = f"tox_event_{OLD_NAMES.get(event.name)}_get_"
    if function.name.startswith(old):
        _add_old_getter(event, function, old)
        return
    name = function.name.removeprefix(f"tox_event_{event.name}_get_")
    kind = function.result
    last = event.fields[-1] if event.fields else None
    if last is not None and last.is_bytes and name in ("length", last.name + "_length"):
        # so it is no key
        last.kind, last.limit = ("TEXT" if last.type.base == "char" else "BYTES"), 0
        last.length_getters.append(function)
        return
    if kind.pointers:
        new = Field(name, "KEY", kind, FIXED_SIZES.get(name, 0))
    elif kind.is_enum:
        values = api.enums[kind.base.split()[1]].values()
        if sorted(values) != list(range(len(values))):
            raise ValueError(f"{kind.base} has gaps")
        new = Field(name, "ENUM", kind, len(values))
    else:
        new = Field(name, KINDS[kind.base], kind)
    new.getters.append(function)
    event.fields.append(new)


def _check(event: Event) -> None:
    names = [item.name for item in event.fields]
    if names != [param.name for param in event_fields(event.callback)]:
        raise ValueError(f"{event.callback.name} does not take what {event.struct} holds: {names}")
    for item in event.fields:
        if item.kind == "KEY" and not item.limit:
            raise ValueError(f"{event.struct}: {item.name} has neither a length nor a known size")


def _declare(function: Function) -> str:
    params = ", ".join(f"{param.type.c} {param.name}" for param in function.params)
    return f"{function.result.c} {function.name}({params or 'void'})"


def _function(head: str, *lines: str) -> str:
    return head + "\n{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


TITLE = "/* GENERATED from include/toxcore.h by cbindings/generate.py: do not edit. */\n"


def structs_source(api: Api) -> str:
    """event_structs.h."""
    found = events(api)
    parts = [
        f'{TITLE}#ifndef TOXPY_EVENT_STRUCTS_H\n#define TOXPY_EVENT_STRUCTS_H\n#include "events.h"\n\n'
        f"#define TOXPY_EVENT_KINDS {len(found)}\n"
    ]
    for event in found:
        fields = "".join(
            f"    {'struct toxpy_bytes' if item.is_bytes else item.type.name} {item.name};\n"
            for item in event.fields
        )
        parts.append(f"struct {event.struct} {{\n{fields}}};\n")
    members = "".join(f"    {event.struct} {event.name};\n" for event in found)
    parts.append(f"union toxpy_any_event {{\n{members}}};\n")
    callbacks = "".join(f"    tox_events_{event.name}_cb *{event.name};\n" for event in found)
    parts.append(f"struct Tox_Dispatch {{\n{callbacks}}};\n\n#endif\n")
    return "\n".join(parts)


def _layout(event: Event) -> str:
    rows = "".join(
        f"    {{TOXPY_FIELD_{item.kind}, {item.limit}, offsetof({event.struct}, {item.name})}},\n"
        for item in event.fields
    )
    return f"static const struct toxpy_field {event.name}_fields[] = {{\n{rows}}};\n"


def _recorder(event: Event) -> str:
    """The callback that tox_events_init() sets."""
    params = event.callback.params
    lines = []
    previous: Param | None = None
    lengths = {}
    for param in params:
        if is_length(param, previous) and previous is not None:
            lengths[previous.name] = param.name
        previous = param
    for item in event.fields:
        value = item.name
        if item.is_bytes:
            length = str(item.limit) if item.kind == "KEY" else f"(uint32_t){lengths[item.name]}"
            value = f"{{(const uint8_t *){item.name}, {length}}}"
        lines.append(f"    .{item.name} = {value},")
    declared = ", ".join(f"{param.type.c} {param.name}" for param in params)
    return _function(
        f"static void record_{event.name}({declared})",
        f"(void){params[-1].name};",
        f"const {event.struct} event = {{",
        *lines,
        "};",
        f"toxpy_record({params[0].name}, {event.type}, &event);",
    )


def _deliver_case(event: Event) -> str:
    arguments = ["tox"]
    fields = {item.name: item for item in event.fields}
    previous: Param | None = None
    for param in event.callback.params[1:-1]:
        if is_length(param, previous) and previous is not None:
            arguments.append(f"contents->{previous.name}.length")
        elif fields[param.name].is_bytes:
            arguments.append(f"(const {param.type.base} *)contents->{param.name}.data")
        else:
            arguments.append(f"contents->{param.name}")
        previous = param
    arguments.append("user_data")
    return (
        f"    case {event.type}: {{\n"
        f"        const {event.struct} *contents = (const {event.struct} *)event->data;\n"
        f"        (({event.callback.name} *)callback)({', '.join(arguments)});\n        break;\n    }}\n"
    )


def _invoke_case(event: Event) -> str:
    return (
        f"    case {event.type}:\n        if (dispatch->{event.name} != NULL) {{\n"
        f"            dispatch->{event.name}((const {event.struct} *)event->data, user_data);\n        }}\n"
        "        break;\n"
    )


def _switch(head: str, cases: list[str]) -> str:
    rest = "    case TOX_EVENT_INVALID:\n        break;\n"
    return f"{head}\n{{\n    switch (event->type) {{\n{''.join(cases)}{rest}    }}\n}}\n"


def _getters(event: Event) -> list[str]:
    parts = []
    for item in event.fields:
        zero = "NULL" if item.is_bytes else "false" if item.kind == "BOOL" else f"({item.type.name})0"
        for function in item.getters:
            contents = function.params[0].name
            value = f"{contents}->{item.name}"
            if item.is_bytes:
                value = f"({function.result.c}){value}.data"
            parts.append(_function(_declare(function), f"return {contents} != NULL ? {value} : {zero};"))
        for function in item.length_getters:
            contents = function.params[0].name
            value = f"{contents} != NULL ? {contents}->{item.name}.length : 0"
            parts.append(_function(_declare(function), f"return {value};"))
    return parts


def _accessors(api: Api, event: Event) -> list[str]:
    """What gets from a Tox_Event, a Tox_Events or a Tox_Dispatch to this kind of event."""
    parts = []
    for kind in (event.name, OLD_NAMES.get(event.name)):
        if f"tox_event_get_{kind}" not in api.functions:
            continue
        function = api.functions[f"tox_event_get_{kind}"]
        name = function.params[0].name
        right = f"{name} != NULL && {name}->type == {event.type}"
        value = f"{right} ? (const {event.struct} *){name}->data : NULL"
        parts.append(_function(_declare(function), f"return {value};"))
        function = api.functions[f"tox_events_callback_{kind}"]
        dispatch, callback = (param.name for param in function.params)
        store = f"    {dispatch}->{event.name} = {callback};"
        parts.append(_function(_declare(function), f"if ({dispatch} != NULL) {{", store, "}"))
    old = api.functions.get(f"tox_events_get_{event.name}")
    if old is not None:
        recorded, index = (param.name for param in old.params)
        found = f"toxpy_events_find({recorded}, {event.type}, {index})"
        parts.append(_function(_declare(old), f"return (const {event.struct} *){found};"))
        size = api.functions[old.name + "_size"]
        count = f"toxpy_events_count({size.params[0].name}, {event.type})"
        parts.append(_function(_declare(size), f"return {count};"))
    return parts


def source(api: Api) -> str:
    """events_generated.c."""
    found = events(api)
    parts = [
        TITLE + '#include "event_structs.h"\n\n#include "api_generated.h"\n',
        *map(_layout, found),
        *map(_recorder, found),
    ]
    layouts = "".join(
        f"    [{event.type}] = {{{event.name}_fields, {len(event.fields)}, sizeof({event.struct})}},\n"
        for event in found
    )
    parts.append(f"const struct toxpy_layout toxpy_event_layouts[] = {{\n{layouts}}};\n")
    recorders = "".join(
        f"    [{event.type}] = {{\n        TOXPY_CALLBACK_{event.name.upper()},\n"
        f"        (void (*)(void))record_{event.name},\n    }},\n"
        for event in found
    )
    parts.append(f"const struct toxpy_recorder toxpy_recorders[] = {{\n{recorders}}};\n")
    head = "void toxpy_deliver(Tox *tox, const Tox_Event *event, void (*callback)(void), void *user_data)"
    parts.append(_switch(head, [_deliver_case(event) for event in found]))
    head = "void toxpy_invoke(const Tox_Dispatch *dispatch, const Tox_Event *event, void *user_data)"
    parts.append(_switch(head, [_invoke_case(event) for event in found]))
    for event in found:
        parts += _getters(event) + _accessors(api, event)
    text = "\n".join(parts)
    made = set(re.findall(r"^\w.*?(\w+)\(.*\)$", text, re.MULTILINE)) | BY_HAND
    missing = [name for name in api.functions if name.startswith(EVENTS) and name not in made]
    if missing != ["tox_event_type_to_string"]:
        raise ValueError(f"no rule for {missing}")
    return text

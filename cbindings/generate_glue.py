"""Writes the Python half of the glue: _toxcore_glue.py, imported by toxpy/capi.py inside the library."""

from __future__ import annotations

from classify import NULL_IS_EMPTY, Planned, sentinel_value
from describe import Api, Function, Param
from generate_python import event_callbacks, event_fields, frame_callbacks, has_own_pointer, is_length

HEAD = '''"""Between C and Python: a function per C function that Core or a part of it has, one per callback.

GENERATED from include/toxcore.h by cbindings/generate.py: do not edit.
"""

from _toxcore import lib

from toxpy.capi import data_in, data_or_empty_in, fixed_in, list_out, memmove, savedata_out, string_in
from toxpy.capi_instances import bare, calls, calls_of_media, live, shared
from toxpy.errors import ToxError

'''


def _inputs(planned: Planned) -> list[str]:
    arguments = []
    for kind, param, length in planned.inputs:
        if kind in ("value", "address"):
            arguments.append(param.name)
        elif kind == "data":
            read = "data_or_empty_in" if planned.function.name in NULL_IS_EMPTY else "data_in"
            arguments.append(f"{read}({param.name}, {length})")
        elif kind == "fixed":
            arguments.append(f"fixed_in({param.name}, {length})")
        else:
            arguments.append(f"string_in({param.name})")
    return arguments


def _target(planned: Planned) -> str:
    """The object whose method the function is."""
    if planned.of_av:
        return "calls_of_media[tox]" if planned.media else "calls[tox]"
    core = "live[tox]"
    if planned.media:
        core = "bare[tox]"
    elif planned.function.name.startswith("toxav_"):
        core = "shared(tox)"
    return f"{core}.{planned.part}" if planned.part else core


def core_function(planned: Planned) -> str:
    """The extern "Python" function of a core function."""
    function = planned.function
    params = ["tox"] + [param.name for param in planned.params]
    if planned.says_length:
        params.append("length")
    if function.error is not None:
        params.append("failure")
    call = f"{_target(planned)}.{planned.method}({', '.join(_inputs(planned))})"
    out = planned.output
    if planned.sized:
        body = [f"return len({call})"]
    elif out is not None and planned.method == "get_savedata":
        # it may have megabytes
        body = [f"savedata_out({out.name}, live[tox].saved())"]
    elif out is None:
        body = [f"return {call}" if function.result.base != "void" else call]
    else:
        # of characters C makes strings
        data = f'{call} + b"\\0"' if out.type.base == "char" else call
        copy = (
            f"list_out({out.name}, data)"
            if out.type.base == "uint32_t"
            else f"memmove({out.name}, data, len(data))"
        )
        body = [f"data = {data}", copy]
        if planned.says_length:
            body.append("length[0] = " + ("4 * len(data)" if out.type.base == "uint32_t" else "len(data)"))
        body += ["return True"] if function.result.base == "bool" else []
    if function.error is None and out is not None and function.result.base == "bool":
        # there is no such thing
        body = ["try:", *("    " + line for line in body), "except ToxError:", "    return False"]
    if function.error is not None:
        body = ["try:", *("    " + line for line in body)]
        body += [
            "except ToxError as error:",
            "    failure[0] = error.code",
            f"    return {sentinel_value(function)}",
        ]
    return f"def {function.name}({', '.join(params)}):\n" + "".join(f"    {line}\n" for line in body)


def deliver_function(callback: Function) -> str:
    """Hands an event to a C callback; one with a pointer of its own comes together with it."""
    name = callback.name.removeprefix("tox_").removesuffix("_cb")
    fields = {field.name for field in event_fields(callback)}
    arguments: list[str] = []
    before: Param | None = None
    for param in callback.params[1:]:
        if before is not None and is_length(param, before):
            arguments.append(f"len(event.{before.name})")
        elif param.name in fields:
            arguments.append(f"event.{param.name}")
        before = param
    own = "    callback, user_data = callback\n" if has_own_pointer(callback) else ""
    return (
        f"def deliver_{name}(callback, tox, event, user_data):\n{own}"
        f"    lib.toxpy_call_{name}(callback, tox, {', '.join([*arguments, 'user_data'])})\n"
    )


def source(api: Api, planned: list[Planned]) -> str:
    """_toxcore_glue.py."""
    core = [item for item in planned if item.kind == "core"]
    callbacks = event_callbacks(api)
    parts = [HEAD]
    parts += [core_function(item) + "\n" for item in core]
    parts += [deliver_function(callback) + "\n" for callback in callbacks]
    rows = ""
    for item in core:
        failure = None if item.function.result.base == "void" else sentinel_value(item.function)
        rows += f"    ({item.function.name}, {failure}),\n"
    parts.append("#: by the index of the C wrapper: function, value for failures\n")
    parts.append(f"FUNCTIONS = (\n{rows})\n")
    names = "".join(
        f"    deliver_{callback.name.removeprefix('tox_').removesuffix('_cb')},\n" for callback in callbacks
    )
    parts.append(f"#: by Event.callback_index\nDELIVER = (\n{names})\n")
    parts.append(
        f"#: Callbacks for frames, whose indexes follow.\nFRAME_CALLBACKS = {len(frame_callbacks(api))}\n"
    )
    return "\n".join(parts)

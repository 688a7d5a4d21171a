"""Decides, from its type alone, how each function of the header is implemented.

constant    returns a macro                                 plain C
to_string   names an enumerator                             plain C
static      options and version                             plain C, options.c
callback    stores a function pointer                       one Python function for all
special     tox_new, tox_iterate and the like               a C wrapper written by hand, and toxpy/capi.py
core        the method of `toxpy.core.Core` of that name    C wrapper and Python glue, both generated
absent      everything whose subsystem does not exist yet   plain C: the documented failure
"""

from __future__ import annotations

from dataclasses import dataclass, field

from describe import Api, Function, Param
from python_source import is_length

#: Sizes of byte parameters that the header does not spell as an array type, by name.
FIXED_SIZES = {
    "address": 38,
    "chat_id": 32,
    "file_id": 32,
    "id": 32,
    "public_key": 32,
    "target_public_key": 32,
    "uid": 32,
}

#: Written by hand in api_special.c, with their Python side in toxpy/capi.py.
SPECIAL = (
    "tox_new",
    "tox_kill",
    "tox_iterate",
    "tox_iterate_with_options",
    "tox_hash",
    "tox_lock",
    "tox_unlock",
    "tox_set_av_object",
    "tox_get_av_object",
    "tox_callback_friend_lossy_packet_per_pktid",
    "tox_callback_friend_lossless_packet_per_pktid",
)

#: Prefixes of functions written by hand that are plain C, or nearly.
STATIC = (
    "tox_options_",
    "tox_iterate_options_",
    "tox_version_",
    "tox_pass_",
    "tox_get_salt",
    "tox_is_data_encrypted",
)

#: Prefixes of functions that work on objects other than Tox, which nothing makes yet.
ABSENT = ("toxav_", "tox_events_", "tox_event_", "tox_dispatch_")

#: Where NULL with length 0 means "nothing" instead of the NULL error. c-toxcore: tox.c.
NULL_IS_EMPTY = {
    "tox_self_set_name",
    "tox_self_set_status_message",
    "tox_file_send",
    "tox_file_send_chunk",
    "tox_group_join",
    "tox_group_invite_accept",
    "tox_group_leave",
    "tox_group_set_password",
    "tox_group_set_topic",
}

#: Failure values that are not the rule of `sentinel`. c-toxcore: tox.c.
SENTINELS = {
    "tox_friend_send_message": "0",
    "tox_self_get_udp_port": "0",
    "tox_self_get_tcp_port": "0",
    "tox_iteration_interval": "50",
}

#: What a call on a dead instance, an unexpected exception or a missing subsystem reports:
#: the first of these that the error enum has, else its last enumerator.
FALLBACKS = (
    "TOX_ERR_NEW_MALLOC",
    "FRIEND_NOT_FOUND",
    "NOT_FOUND",
    "INIT",
    "MALLOC",
    "FAIL_SEND",
    "INTERNAL",
    "FAILED",
    "FAIL",
    "DISCONNECTED",
    "NULL",
)


@dataclass
class Planned:
    """One function and how it is made."""

    function: Function
    kind: str
    method: str = ""  #: the Core method of a core function
    sized: bool = False  #: the function answers with the length of what the method returns
    inputs: list[tuple[str, Param, str | int]] = field(default_factory=list)  #: (kind, parameter, length)
    output: Param | None = None


def sentinel(function: Function) -> str:
    """C text of what the function returns when it fails."""
    result = function.result
    if function.name in SENTINELS:
        return SENTINELS[function.name]
    if result.pointers or result.callback:
        return "NULL"
    if result.base == "bool":
        return "false"
    if function.error is None:
        return "0"
    if result.is_enum:
        harmless = ("Tox_Connection", "Tox_User_Status", "Tox_Friend_Offline_Reason")
        return "0" if result.base.split()[1] in harmless else "-1"
    return {"uint64_t": "UINT64_MAX", "size_t": "SIZE_MAX", "uint16_t": "UINT16_MAX"}.get(
        result.base, "UINT32_MAX"
    )


def sentinel_value(function: Function) -> int:
    """`sentinel` as the number that Python hands to cffi."""
    text = sentinel(function)
    words = {
        "false": 0,
        "UINT64_MAX": 2**64 - 1,
        "SIZE_MAX": 2**64 - 1,
        "UINT32_MAX": 2**32 - 1,
        "UINT16_MAX": 65535,
    }
    return words[text] if text in words else int(text)


def error_values(api: Api, function: Function) -> dict[str, int]:
    """The enumerators of the function's error parameter."""
    assert function.error is not None
    return api.enums[function.error.type.base.split()[1]]


def fallback(api: Api, function: Function) -> str:
    """The enumerator for failures that the function's documentation does not foresee."""
    names = [name for name, value in error_values(api, function).items() if value]
    for ending in FALLBACKS:
        for name in names:
            if name.endswith("_" + ending) or name == ending:
                return name
    return names[-1]


def null_error(api: Api, function: Function) -> str | None:
    """The enumerator for NULL, if the function documents one."""
    if function.error is None:
        return None
    return next((name for name in error_values(api, function) if name.endswith("_NULL")), None)


def plan(api: Api) -> list[Planned]:
    """How each function of the header is made, in header order."""
    return [_plan_one(api, function) for function in api.functions.values()]


def _plan_one(api: Api, function: Function) -> Planned:
    name = function.name
    if name in SPECIAL:
        return Planned(function, "special")
    if not function.params and name.upper() in api.macros:
        return Planned(function, "constant")
    if name.endswith("_to_string") and len(function.params) == 1:
        return Planned(function, "to_string")
    if name.startswith(STATIC):
        return Planned(function, "static")
    if name.startswith("tox_callback_"):
        return Planned(function, "callback")
    tox = function.params[0].type if function.params else None
    if name.startswith(ABSENT) or tox is None or tox.base != "struct Tox":
        return Planned(function, "absent")
    return _plan_core(function)


def _plan_core(function: Function) -> Planned:
    planned = Planned(function, "core", function.name.removeprefix("tox_"))
    result = function.result
    if planned.method.endswith("_size") and not result.is_enum and result.base in ("size_t", "uint32_t"):
        planned.method = planned.method.removesuffix("_size")
        planned.sized = True
    params = [param for param in function.params[1:] if param != function.error]
    for index, param in enumerate(params):
        following = params[index + 1] if index + 1 < len(params) else None
        kind = param.type
        if index and is_length(param, params[index - 1]):
            continue
        if not kind.pointers and not kind.array:
            planned.inputs.append(("value", param, 0))
        elif kind.base == "uint8_t" and kind.const and following is not None and is_length(following, param):
            planned.inputs.append(("data", param, following.name))
        elif kind.base == "uint8_t" and kind.const:
            planned.inputs.append(("fixed", param, kind.array or FIXED_SIZES[param.name]))
        elif kind.base == "char" and kind.const:
            planned.inputs.append(("string", param, 0))
        elif kind.base in ("uint8_t", "uint32_t") and planned.output is None:
            planned.output = param
        else:
            raise ValueError(f"{function.name}: no rule for parameter {param}")
    return planned

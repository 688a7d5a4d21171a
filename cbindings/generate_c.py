"""Writes the C half of the glue: api_generated.h, api_generated.c, exports.map, and cffi's declarations."""

from __future__ import annotations

from classify import Planned, fallback, null_error, sentinel
from describe import Api, Function, Param
from generate_python import event_callbacks, frame_callbacks, has_own_pointer

TITLE = "/* GENERATED from include/toxcore.h by cbindings/generate.py: do not edit. */\n"

#: Fields of struct Tox_Options whose accessors are written by hand in options.c.
OWNED_FIELDS = {"proxy_host", "savedata_data", "owned_savedata_data", "owned_proxy_host"}
#: Fields that exist only in blocks of tox_options_new(); see options.c.
LATE_FIELDS = {"experimental_groups_persistence", "experimental_disable_dns", "experimental_owned_data"}
#: What options of ours say beside the struct: see options.c.
OWN_FIELDS = """\
    int handshake;
    const char *config_path;
    bool offline_messages;
    int endpoint_type;
    const char *endpoint_address;
    const char *endpoint_secret;
    uint32_t endpoint_port;
    uint32_t only_networks;
"""

#: What Python tells at the end of a pass: see resting.h. Times are milliseconds
#: of CLOCK_MONOTONIC.
REST = """
struct toxpy_rest {
    uint64_t version; /* of the instance, while it is true */
    int64_t deadline_ms; /* nothing to do before, unless something arrives; 0 for no rest */
    int64_t interval_ms; /* how long a client should sleep at most */
    int64_t left_out_ms; /* when a pass was left out the last time; 0 for never */
    bool open; /* of a pass: its toxpy_end() is still to come. Python makes it before the callbacks */
};
"""

#: The Python functions behind api_special.c and encryptsave.c. These are bound at the start, all others at
#: their first call.
SPECIAL_PYTHON = """
void py_bind(int index);
uintptr_t py_tox_new(const struct toxpy_options *options, int *failure, int *fd);
void py_tox_kill(uintptr_t tox);
void py_tox_iterate(uintptr_t tox, void *user_data, struct toxpy_rest *rest);
uint32_t py_tox_iteration_interval(uintptr_t tox);
bool py_tox_hash(char *hash, const char *data, size_t length);
bool py_pass_random(char *out, size_t length);
bool py_pass_derive(char *key_out, char *salt_out, const char *salt, const char *passphrase, size_t length);
bool py_pass_encrypt(char *out, const char *plain, size_t length, const char *key, const char *salt);
bool py_pass_decrypt(char *out, const char *data, size_t length, const char *key, const char *salt);
void py_tox_lock(uintptr_t tox, bool locked);
void py_tox_set_av_object(uintptr_t tox, uintptr_t object);
uintptr_t py_tox_get_av_object(uintptr_t tox);
void py_tox_set_callback(uintptr_t tox, int index, int packet_id, uintptr_t callback);
uintptr_t py_tox_get_callback(uintptr_t tox, int index, int packet_id);
bool py_toxav_new(uintptr_t tox, uintptr_t av, int *failure);
void py_toxav_kill(uintptr_t tox);
void py_toxav_iterate(uintptr_t tox, bool audio, bool video);
void py_toxav_set_callback(uintptr_t tox, int index, uintptr_t callback, uintptr_t user_data);
"""

#: C functions that Python calls besides the trampolines.
SPECIAL_C = """
void toxpy_mark_raised(void);
void toxpy_mark_interrupted(void);
bool toxpy_owns_python(void);
uintptr_t toxpy_handles(size_t *count);
uint64_t toxpy_touch(uintptr_t tox);
void toxpy_end(uintptr_t tox);
void toxpy_due_sooner(int64_t deadline_ms);
void toxpy_call_log(uintptr_t callback, uintptr_t tox, int level, const char *file, uint32_t line,
                    const char *func, const char *message, uintptr_t user_data);
"""


def options_struct(api: Api) -> str:
    """`struct toxpy_options`: the options as Python reads them."""
    fields = [param for param in api.structs["Tox_Options"] if not param.name.startswith("owned_")]
    rows = "".join(f"    {_flat(field)};\n" for field in fields)
    return f"struct toxpy_options {{\n{rows}{OWN_FIELDS}}};\n"


def _flat(field: Param) -> str:
    kind = field.type
    if kind.callback or kind.base == "void":
        return f"uintptr_t {field.name}"
    if kind.pointers:
        return f"const char *{field.name}"
    return f"{'int' if kind.is_enum else kind.base} {field.name}"


def _plain(param: Param) -> str:
    """The parameter as Python sees it: enums are int, byte pointers char, so that bytes convert fastest."""
    kind = param.type
    if kind.array or (kind.pointers and kind.base in ("uint8_t", "char")):
        return f"{'const ' if kind.const else ''}char *{param.name}"
    if kind.pointers and kind.base == "void":
        return f"void *{param.name}"
    if kind.pointers:
        return f"{kind.base} *{param.name}"
    return f"{'int' if kind.is_enum else kind.base} {param.name}"


def _result(function: Function) -> str:
    return "int" if function.result.is_enum else function.result.base


def python_prototype(planned: Planned) -> str:
    """The extern "Python" function behind a core function."""
    function = planned.function
    params = ["uintptr_t tox"]
    addresses = [param for kind, param, _length in planned.inputs if kind == "address"]
    params += [f"uintptr_t {param.name}" if param in addresses else _plain(param) for param in planned.params]
    if planned.says_length:
        params.append("size_t *length")
    if function.error is not None:
        params.append("int *failure")
    return f"{_result(function)} py_{function.name}({', '.join(params)});"


def trampoline(callback: Function) -> str:
    """Prototype of the C function through which Python calls a callback."""
    params = ["uintptr_t callback", "uintptr_t tox"] + [_plain(param) for param in callback.params[1:]]
    if has_own_pointer(callback):
        # Python has kept it as a number
        params[-1] = f"uintptr_t {callback.params[-1].name}"
    return f"void toxpy_call_{_event(callback)}({', '.join(params)})"


def _called_back(api: Api) -> list[Function]:
    """The callbacks that Python calls: of events by their index, and behind them those of frames."""
    return event_callbacks(api) + frame_callbacks(api)


def _event(callback: Function) -> str:
    return callback.name.removeprefix("tox_").removesuffix("_cb")


def cdef(api: Api, planned: list[Planned]) -> tuple[str, str]:
    """What cffi is told: (C functions and types, Python functions)."""
    c = options_struct(api) + REST + SPECIAL_C
    c += "".join(f"{trampoline(callback)};\n" for callback in _called_back(api))
    python = SPECIAL_PYTHON + "\n".join(python_prototype(item) for item in planned if item.kind == "core")
    return c, python


def header_source(api: Api, planned: list[Planned]) -> str:
    """api_generated.h."""
    c, python = cdef(api, planned)
    indexes = "".join(
        f"#define TOXPY_CALLBACK_{_event(callback).upper()} {index}\n"
        for index, callback in enumerate(_called_back(api))
    )
    return (
        f"{TITLE}#ifndef TOXPY_API_GENERATED_H\n#define TOXPY_API_GENERATED_H\n"
        f'#include "toxcore.h"\n\n{indexes}\n{c}\n{python}\n'
        "void toxpy_options_flatten(struct toxpy_options *flat, const Tox_Options *options);\n"
        "void toxpy_set_callback(Tox *tox, int index, int packet_id, void (*callback)(void));\n"
        "void toxpy_set_av_callback(ToxAV *av, int index, void (*callback)(void), void *user_data);\n#endif\n"
    )


def exports_map(api: Api) -> str:
    """Linker version script: the API and nothing else."""
    return (
        "{\nglobal:\n" + "".join(f"    {name};\n" for name in sorted(api.functions)) + "local:\n    *;\n};\n"
    )


def _declare(function: Function) -> str:
    params = ", ".join(_parameter(param) for param in function.params)
    return f"{function.result.c} {function.name}({params or 'void'})"


def _parameter(param: Param) -> str:
    """C text of a parameter: an array keeps its size, as in the header."""
    kind = param.type
    if kind.array:
        return f"{'const ' if kind.const else ''}{kind.base} {param.name}[{kind.array}]"
    return f"{kind.c} {param.name}"


def _constant(function: Function) -> str:
    return f"{_declare(function)}\n{{\n    return {function.name.upper()};\n}}\n"


def _to_string(api: Api, function: Function) -> str:
    param = function.params[0]
    enum = param.type.base.split()[1]
    cases, seen = "", set()
    for name, value in api.enums[enum].items():
        if value not in seen:
            cases += f'    case {name}:\n        return "{name}";\n'
        seen.add(value)
    body = f'    switch ({param.name}) {{\n{cases}    }}\n    return "<invalid {enum}>";\n'
    return f"{_declare(function)}\n{{\n{body}}}\n"


def _accessors(api: Api, names: set[str]) -> str:
    """Getters and setters of struct Tox_Options; names in `names` exist in the header."""
    text = ""
    for field in api.structs["Tox_Options"]:
        late = f" && toxpy_options_known({'{}'})" if field.name in LATE_FIELDS else ""
        getter, setter = f"tox_options_get_{field.name}", f"tox_options_set_{field.name}"
        if getter in names:
            function = api.functions[getter]
            options = function.params[0].name
            zero = "NULL" if function.result.pointers else f"({function.result.name})0"
            text += (
                f"{_declare(function)}\n{{\n    return {options} != NULL{late.format(options)}"
                f" ? {options}->{field.name} : {zero};\n}}\n\n"
            )
        if setter in names and field.name not in OWNED_FIELDS:
            function = api.functions[setter]
            options, value = (param.name for param in function.params)
            text += (
                f"{_declare(function)}\n{{\n    if ({options} != NULL{late.format(options)}) {{\n"
                f"        {options}->{field.name} = {value};\n    }}\n}}\n\n"
            )
    return text


def _callback_setter(function: Function) -> str:
    tox, callback, *own = (param.name for param in function.params)
    index = "TOXPY_CALLBACK_" + function.name.removeprefix("tox_").replace("callback_", "").upper()
    if own:
        body = f"    toxpy_set_av_callback({tox}, {index}, (void (*)(void)){callback}, {own[0]});\n"
    else:
        body = f"    toxpy_set_callback({tox}, {index}, -1, (void (*)(void)){callback});\n"
    return f"{_declare(function)}\n{{\n{body}}}\n"


def _cast(function: Function, value: str) -> str:
    return f"({function.result.name}){value}" if function.result.is_enum else value


def _core(api: Api, planned: Planned, index: int) -> str:
    """The wrapper: instance and function there, NULL outputs, the call, the error code."""
    function, error = planned.function, planned.function.error
    tox = _tox(planned)
    returns = function.result.base != "void"
    call = _call(planned)
    out = planned.output
    lines = [f"Tox *{tox} = toxpy_tox_of({function.params[0].name});"] if planned.of_av else []
    if error is not None:
        lines.append(f"int code = {fallback(api, function)};")
    if returns:
        lines.append(f"{function.result.c} result = {_cast(function, sentinel(function))};")
    null = null_error(api, function)
    steps = []
    if out is not None and null is not None and error is not None:
        steps.append((f"{out.name} == NULL", [f"code = {null};"]))
    there = f"{out.name} != NULL && " if out is not None and not steps else ""
    if planned.remembered:
        lines.append("struct toxpy_answer known;")
        data = out.name if out is not None else "NULL"
        recall = f"{there}toxpy_recall({tox}, {index}, {_key(planned)}, &known, {data})"
        steps.append((recall, _recalled(function)))
    steps.append((f"{there}toxpy_enter({tox}, {index})", _called(planned, call, index)))
    for number, (condition, body) in enumerate(steps):
        lines.append(("if" if number == 0 else "} else if") + f" ({condition}) {{")
        lines += ["    " + line for line in body]
    lines.append("}")
    if error is not None:
        enum = error.type.base.split()[1]
        lines += [f"if ({error.name} != NULL) {{", f"    *{error.name} = ({enum})code;", "}"]
    if returns:
        lines.append("return result;")
    return _declare(function) + "\n{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def _tox(planned: Planned) -> str:
    """The variable with the Tox of the call."""
    return "tox" if planned.of_av else planned.function.params[0].name


def _call(planned: Planned) -> str:
    """The call of the Python function."""
    addresses = [param for kind, param, _length in planned.inputs if kind == "address"]
    arguments = [f"(uintptr_t){_tox(planned)}"]
    for param in planned.params:
        plain = _plain(param).removesuffix(param.name).strip()
        arguments.append(f"({'uintptr_t' if param in addresses else plain}){param.name}")
    if planned.says_length:
        arguments.append("&length")
    if planned.function.error is not None:
        arguments.append("&failure")
    return f"py_{planned.function.name}({', '.join(arguments)})"


def _key(planned: Planned) -> str:
    """The arguments as one number."""
    numbers = [f"(uint64_t){param.name}" for _kind, param, _length in planned.inputs]
    return " | ".join([*numbers[:1], *(f"{number} << 32" for number in numbers[1:])]) or "0"


def _recalled(function: Function) -> list[str]:
    """What is done with a remembered answer."""
    lines = []
    if function.error is not None:
        lines.append("code = known.code;")
    if function.result.base != "void":
        lines.append(f"result = ({function.result.c})known.result;")
    return lines


def _called(planned: Planned, call: str, index: int) -> list[str]:
    """The call to Python, and what becomes of its answer."""
    function, out = planned.function, planned.output
    returns = function.result.base != "void"
    tox = _tox(planned)
    lines = ["size_t length = 0;"] if planned.says_length else []
    if function.error is not None:
        lines.append("int failure = 0;")
    begin = [] if planned.reads or planned.media else [f"toxpy_begin((uintptr_t){tox});"]
    lines += [*begin, f"{function.result.c} answer = {_cast(function, call)};" if returns else f"{call};"]
    done = ["result = answer;"] if returns else []
    if function.error is not None:
        done.append("code = failure;")
    if planned.remembered:
        if returns:
            done.append("known.result = (uint64_t)answer;")
        done.append(f"known.code = {'failure' if function.error is not None else '0'};")
        data, length = "NULL", "0"
        if out is not None:
            data, length = out.name, str(planned.output_size) if planned.output_size else "length"
            if planned.output_size and function.error is not None:
                length = f"failure == 0 ? {length} : 0"
        done.append(f"toxpy_remember({tox}, {index}, {_key(planned)}, &known, {data}, {length});")
    if done:
        lines += ["if (!toxpy_call_end()) {", *("    " + line for line in done), "}"]
    else:
        lines.append("toxpy_call_end();")
    if planned.media:
        lines.append(f"toxpy_end_media((uintptr_t){tox});")
    elif not planned.reads:
        lines.append(f"toxpy_end{'_sent' if planned.sends else ''}((uintptr_t){tox});")
    return lines


def _trampoline_body(callback: Function) -> str:
    arguments = ["toxpy_av_of(tox)" if callback.params[0].type.base == "struct ToxAV" else "(Tox *)tox"]
    for param in callback.params[1:]:
        is_bytes = param.type.pointers and param.type.base == "uint8_t"
        arguments.append(f"(const uint8_t *){param.name}" if is_bytes else _argument(param))
    if has_own_pointer(callback):
        arguments[-1] = f"(void *){callback.params[-1].name}"
    call = f"(({callback.name} *)callback)({', '.join(arguments)});"
    return f"{trampoline(callback)}\n{{\n{_guarded(call)}}}\n"


def _guarded(call: str) -> str:
    """The call of a callback: a host that is Python finds its lock as it left it, see host.h."""
    return (
        "    int lock = 0;\n"
        "    struct toxpy_host outer = {false, NULL, NULL, NULL};\n"
        "    if (toxpy_host_is_python) {\n        outer = toxpy_host_callback(&lock);\n    }\n"
        f"    {call}\n"
        "    if (toxpy_host_is_python) {\n        toxpy_host_back(&outer, lock);\n    }\n"
    )


def _argument(param: Param) -> str:
    if param.type.array:
        return f"(const {param.type.base} *){param.name}"
    return f"({param.type.name}){param.name}" if param.type.is_enum else param.name


def _flatten(api: Api) -> str:
    lines = []
    for field in api.structs["Tox_Options"]:
        if field.name.startswith("owned_"):
            continue
        cast = _flat(field).removesuffix(field.name).strip()
        lines.append(f"    flat->{field.name} = ({cast})options->{field.name};\n")
    head = "void toxpy_options_flatten(struct toxpy_options *flat, const Tox_Options *options)"
    return f"{head}\n{{\n{''.join(lines)}}}\n"


def source(api: Api, planned: list[Planned]) -> str:
    """api_generated.c."""
    includes = "".join(
        f'#include "{name}.h"\n' for name in ("instances", "library", "options", "remembered", "resting")
    )
    parts = [TITLE + '#include "api_generated.h"\n\n' + includes]
    core = [item for item in planned if item.kind == "core"]
    parts.append(f"bool toxpy_bound[{len(core)}];\n")
    parts.append(
        "void toxpy_call_log(uintptr_t callback, uintptr_t tox, int level, const char *file, uint32_t line,\n"
        "                    const char *func, const char *message, uintptr_t user_data)\n{\n"
        + _guarded(
            "((tox_log_cb *)callback)((Tox *)tox, (Tox_Log_Level)level, file, line, func, message,\n"
            "                             (void *)user_data);"
        )
        + "}\n"
    )
    parts.append(_flatten(api))
    parts.append(_accessors(api, {item.function.name for item in planned if item.kind == "static"}))
    parts += [_trampoline_body(callback) for callback in _called_back(api)]
    index = 0
    for item in planned:
        function = item.function
        if item.kind == "constant":
            parts.append(_constant(function))
        elif item.kind == "to_string":
            parts.append(_to_string(api, function))
        elif item.kind == "callback":
            parts.append(_callback_setter(function))
        elif item.kind == "core":
            parts.append(_core(api, item, index))
            index += 1
    return "\n".join(parts)

"""How compiled code passes the state: as one pointer.

numba passes a NamedTuple by value, and of each array in it seven words: the state's ten arrays are
70 words, copied at every call.  A class marked ``by_reference`` is laid down once, when Python calls
compiled code, and a pointer goes on from there.  A field is read when it is asked for.

The arrays themselves are never exchanged while compiled code runs, so that what is read of them
(where they are, how long) stays true across every write: ``invariant.load`` says so to LLVM.
"""

from __future__ import annotations

from typing import Any, TypeVar

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)

C = TypeVar("C", bound=type)


def by_reference(cls: C) -> C:
    """Have compiled code pass this NamedTuple of arrays and numbers as one pointer."""

    @typeof_impl.register(cls)
    def _typeof_reference(value: Any, context: Any) -> _Reference:
        return _Reference(types.NamedTuple(tuple(typeof_impl(field, context) for field in value), cls))

    return cls


class _Reference(types.Type):
    """A pointer to a NamedTuple's fields."""

    def __init__(self, fields: Any) -> None:
        self.fields = fields
        super().__init__(name=f"reference({fields.name})")


@register_model(_Reference)
class _Pointer(models.PrimitiveModel):
    def __init__(self, manager: Any, reference: _Reference) -> None:
        super().__init__(manager, reference, manager.lookup(reference.fields).get_value_type().as_pointer())


@infer_getattr
class _Fields(AttributeTemplate):
    key = _Reference

    def generic_resolve(self, reference: _Reference, name: str) -> Any:  # type: ignore[override]
        """The type of a field, None for what is no field."""
        names = reference.fields.fields
        return reference.fields[names.index(name)] if name in names else None


@lower_getattr_generic(_Reference)
def _read_field(_context: Any, builder: Any, reference: _Reference, pointer: Any, name: str) -> Any:
    number = reference.fields.fields.index(name)
    kind = pointer.type.pointee.elements[number]
    return _read(builder, cgutils.gep_inbounds(builder, pointer, 0, number), kind)


def _read(builder: Any, pointer: Any, kind: Any) -> Any:
    """Read word by word, so that the words which nobody uses cost nothing."""
    if not isinstance(kind, ir.Aggregate):
        word = builder.load(pointer)
        word.set_metadata("invariant.load", builder.module.add_metadata([]))
        return word
    value = ir.Constant(kind, ir.Undefined)
    for i, part in enumerate(kind.elements):
        word = _read(builder, cgutils.gep_inbounds(builder, pointer, 0, i), part)
        value = builder.insert_value(value, word, i)
    return value


@unbox(_Reference)
def _lay_down(reference: _Reference, value: Any, c: Any) -> Any:
    """Write the fields where compiled code finds them; to LLVM they have always been there."""
    fields = c.unbox(reference.fields, value)
    written = cgutils.alloca_once_value(c.builder, fields.value)
    same = ir.FunctionType(written.type, [written.type])
    pointer = c.builder.asm(same, "", "=r,0,~{memory}", [written], side_effect=True)
    return NativeValue(pointer, is_error=fields.is_error, cleanup=fields.cleanup)

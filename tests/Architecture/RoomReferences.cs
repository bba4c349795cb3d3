using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace OciRun.Tests.Rooms;

/// <summary>A member of one room that names a type of another.</summary>
internal sealed record RoomReference(string From, string Member, string To, string Type, bool ToValueType)
{
    public override string ToString() => $"{From}/{Member} uses {To}/{Type}";
}

/// <summary>
/// Which types of its own assembly each member names: signatures, base types, fields, locals and the operands of the
/// method bodies. Constants are not seen, as the compiler copies their values.
/// </summary>
internal sealed class RoomReferences : ISignatureTypeProvider<object?, object?>, IDisposable
{
    private static readonly Dictionary<int, OperandType> Operands = typeof(OpCodes)
        .GetFields(BindingFlags.Static | BindingFlags.Public).Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value & 0xffff, code => code.OperandType);

    private readonly PEReader _file;
    private readonly MetadataReader _metadata;
    private readonly HashSet<TypeDefinitionHandle> _named = [];

    private RoomReferences(string assembly)
    {
        _file = new PEReader(File.OpenRead(assembly));
        _metadata = _file.GetMetadataReader();
    }

    public static IReadOnlyList<RoomReference> Of(string assembly)
    {
        using RoomReferences references = new(assembly);
        return [.. references.All().Distinct()];
    }

    public void Dispose() => _file.Dispose();

    private IEnumerable<RoomReference> All()
    {
        foreach (TypeDefinitionHandle handle in _metadata.TypeDefinitions)
        {
            TypeDefinition type = _metadata.GetTypeDefinition(handle);
            string? from = Room(handle);
            if (from is null)
                continue;
            Name(type.BaseType);
            foreach (InterfaceImplementationHandle implemented in type.GetInterfaceImplementations())
                Name(_metadata.GetInterfaceImplementation(implemented).Interface);
            foreach (FieldDefinitionHandle field in type.GetFields())
                _metadata.GetFieldDefinition(field).DecodeSignature(this, null);
            foreach (RoomReference reference in Take(from, Name(type)))
                yield return reference;
            foreach (MethodDefinitionHandle method in type.GetMethods())
            {
                Read(method);
                string member = $"{Name(type)}.{_metadata.GetString(_metadata.GetMethodDefinition(method).Name)}";
                foreach (RoomReference reference in Take(from, member))
                    yield return reference;
            }
        }
    }

    private List<RoomReference> Take(string from, string member)
    {
        List<RoomReference> taken = [];
        foreach (TypeDefinitionHandle handle in _named)
        {
            if (Room(handle) is { } to && to != from)
                taken.Add(new RoomReference(from, member, to, Name(_metadata.GetTypeDefinition(handle)), IsValueType(handle)));
        }

        _named.Clear();
        return taken;
    }

    private void Read(MethodDefinitionHandle handle)
    {
        MethodDefinition method = _metadata.GetMethodDefinition(handle);
        method.DecodeSignature(this, null);
        if (method.RelativeVirtualAddress == 0)
            return;
        MethodBodyBlock body = _file.GetMethodBody(method.RelativeVirtualAddress);
        if (!body.LocalSignature.IsNil)
            _metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(this, null);
        foreach (ExceptionRegion region in body.ExceptionRegions)
            Name(region.CatchType);
        ReadCode(body.GetILReader());
    }

    private void ReadCode(BlobReader code)
    {
        while (code.RemainingBytes > 0)
        {
            int number = code.ReadByte();
            if (number == 0xfe)
                number = 0xfe00 | code.ReadByte();
            switch (Operands[number])
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    Name(MetadataTokens.EntityHandle(code.ReadInt32()));
                    break;
                case OperandType.InlineSwitch:
                    int cases = code.ReadInt32();
                    code.Offset += 4 * cases;
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.Offset++;
                    break;
                case OperandType.InlineVar:
                    code.Offset += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += 8;
                    break;
                default:
                    code.Offset += 4;
                    break;
            }
        }
    }

    private void Name(EntityHandle handle)
    {
        if (handle.IsNil)
            return;
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                _named.Add((TypeDefinitionHandle)handle);
                break;
            case HandleKind.TypeSpecification:
                _metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null);
                break;
            case HandleKind.MethodDefinition:
                MethodDefinition method = _metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                _named.Add(method.GetDeclaringType());
                break;
            case HandleKind.FieldDefinition:
                _named.Add(_metadata.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.MemberReference:
                Name(_metadata.GetMemberReference((MemberReferenceHandle)handle).Parent);
                break;
            case HandleKind.MethodSpecification:
                MethodSpecification specification = _metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                specification.DecodeSignature(this, null);
                Name(specification.Method);
                break;
        }
    }

    // The room of a type is that of the outermost one: OciRun.Plan is Plan, and OciRun itself is Program.
    private string? Room(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _metadata.GetTypeDefinition(handle);
        while (!type.GetDeclaringType().IsNil)
            type = _metadata.GetTypeDefinition(type.GetDeclaringType());
        string[] space = _metadata.GetString(type.Namespace).Split('.');
        if (space[0] != "OciRun")
            return null;
        return space.Length == 1 ? "Program" : space[1];
    }

    private string Name(TypeDefinition type)
    {
        string name = _metadata.GetString(type.Name);
        return type.GetDeclaringType().IsNil ? name : $"{Name(_metadata.GetTypeDefinition(type.GetDeclaringType()))}.{name}";
    }

    private bool IsValueType(TypeDefinitionHandle handle)
    {
        EntityHandle parent = _metadata.GetTypeDefinition(handle).BaseType;
        return parent.Kind == HandleKind.TypeReference && _metadata.GetString(
            _metadata.GetTypeReference((TypeReferenceHandle)parent).Name) is "ValueType" or "Enum";
    }

    object? ISignatureTypeProvider<object?, object?>.GetFunctionPointerType(MethodSignature<object?> signature) => null;

    object? ISignatureTypeProvider<object?, object?>.GetGenericMethodParameter(object? genericContext, int index) => null;

    object? ISignatureTypeProvider<object?, object?>.GetGenericTypeParameter(object? genericContext, int index) => null;

    object? ISignatureTypeProvider<object?, object?>.GetModifiedType(object? modifier, object? unmodifiedType, bool isRequired) => null;

    object? ISignatureTypeProvider<object?, object?>.GetPinnedType(object? elementType) => null;

    object? ISignatureTypeProvider<object?, object?>.GetTypeFromSpecification(
        MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind)
    {
        Name(handle);
        return null;
    }

    object? ISimpleTypeProvider<object?>.GetPrimitiveType(PrimitiveTypeCode typeCode) => null;

    object? ISimpleTypeProvider<object?>.GetTypeFromDefinition(
        MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
    {
        _named.Add(handle);
        return null;
    }

    object? ISimpleTypeProvider<object?>.GetTypeFromReference(
        MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => null;

    object? IConstructedTypeProvider<object?>.GetArrayType(object? elementType, ArrayShape shape) => null;

    object? IConstructedTypeProvider<object?>.GetByReferenceType(object? elementType) => null;

    object? IConstructedTypeProvider<object?>.GetGenericInstantiation(
        object? genericType, ImmutableArray<object?> typeArguments) => null;

    object? IConstructedTypeProvider<object?>.GetPointerType(object? elementType) => null;

    object? ISZArrayTypeProvider<object?>.GetSZArrayType(object? elementType) => null;
}

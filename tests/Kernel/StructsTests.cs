using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using FluentAssertions;
using OciRun.Kernel;

namespace OciRun.Tests.Kernel;

public sealed partial class StructsTests
{
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["siginfo_t"] = "siginfo_t",
        ["utsname"] = "struct new_utsname",
    };

    // The kernel's own one differs from libc's.
    private static readonly Type[] OfAsmSignal = [typeof(sigaction)];

    [CompilerFact]
    public void Every_struct_has_the_size_and_members_of_the_headers()
    {
        Check(CCompiler.Headers, Structs().Except(OfAsmSignal));
        Check("#include <stddef.h>\n#include <asm/signal.h>", OfAsmSignal);
    }

    private static void Check(string headers, IEnumerable<Type> types)
    {
        Dictionary<string, string> ours = new(StringComparer.Ordinal);
        List<(string, string)> asked = [];
        foreach (Type type in types)
        {
            string name = Names.GetValueOrDefault(type.Name, "struct " + type.Name);
            ours.Add(type.Name, Marshal.SizeOf(type).ToString());
            asked.Add((type.Name, $"sizeof({name})"));
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            {
                if (Padding().IsMatch(field.Name))
                    continue;
                ours.Add($"{type.Name}.{field.Name}", Marshal.OffsetOf(type, field.Name).ToString());
                asked.Add(($"{type.Name}.{field.Name}", $"offsetof({name}, {field.Name})"));
                ours.Add($"{type.Name}.{field.Name}#", Size(field).ToString());
                asked.Add(($"{type.Name}.{field.Name}#", $"sizeof((({name} *)0)->{field.Name})"));
            }
        }

        CCompiler.Evaluate(headers, asked).Should().BeEquivalentTo(ours);
    }

    private static IEnumerable<Type> Structs() =>
        typeof(Uapi).Assembly.GetTypes().Where(type => type is { IsValueType: true, IsEnum: false, Namespace: "OciRun.Kernel" }
            && !type.IsNested && type.IsLayoutSequential);

    private static int Size(FieldInfo field)
    {
        if (field.GetCustomAttribute<FixedBufferAttribute>() is { } buffer)
            return buffer.Length * Marshal.SizeOf(buffer.ElementType);
        return field.FieldType.IsPointer ? IntPtr.Size : Marshal.SizeOf(field.FieldType);
    }

    [GeneratedRegex(@"_(?:pad\d?|unused)$", RegexOptions.None, 1000)]
    private static partial Regex Padding();
}

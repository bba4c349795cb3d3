using System;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

/// <summary>Types of linux.namespaces.</summary>
[Flags]
internal enum NamespaceSet : byte
{
    None = 0,
    Pid = 1,
    Network = 2,
    Mount = 4,
    Ipc = 8,
    Uts = 16,
    User = 32,
    Cgroup = 64,
    Time = 128,
}

internal ref partial struct Rules
{
    private static NamespaceSet Kind(Utf8 type) => type switch
    {
        _ when type.Is("pid"u8) => NamespaceSet.Pid,
        _ when type.Is("network"u8) => NamespaceSet.Network,
        _ when type.Is("mount"u8) => NamespaceSet.Mount,
        _ when type.Is("ipc"u8) => NamespaceSet.Ipc,
        _ when type.Is("uts"u8) => NamespaceSet.Uts,
        _ when type.Is("user"u8) => NamespaceSet.User,
        _ when type.Is("cgroup"u8) => NamespaceSet.Cgroup,
        _ when type.Is("time"u8) => NamespaceSet.Time,
        _ => NamespaceSet.None,
    };

    /// <summary>Whether the container has a namespace entry of this type, new or joined.</summary>
    private readonly bool Has(NamespaceSet kind) => ((_new | _joined) & kind) != NamespaceSet.None;

    private readonly bool IsNew(NamespaceSet kind) => (_new & kind) != NamespaceSet.None;

    private readonly bool IsJoined(NamespaceSet kind) => (_joined & kind) != NamespaceSet.None;

    private void Namespaces()
    {
        Namespace[] list = _config.Linux?.Namespaces ?? [];
        NamespaceSet seen = NamespaceSet.None;
        for (int i = 0; i < list.Length; i++)
        {
            NamespaceSet kind = Kind(list[i].Type);
            if (kind == NamespaceSet.None)
            {
                Add(new Fault(list[i].Type.IsNull ? "missing" : "unknown namespace type")
                {
                    Field = $"linux.namespaces[{i}].type",
                    Value = list[i].Type.IsNull ? null : Shown(list[i].Type),
                    Hint = "use one of cgroup, ipc, mount, network, pid, time, user, uts",
                });
            }
            else if ((seen & kind) != NamespaceSet.None)
            {
                Add(new Fault("malformed spec file: duplicated ns")
                {
                    Field = $"linux.namespaces[{i}].type",
                    Value = list[i].Type.ToString(),
                    Hint = "keep one entry of each type",
                });
            }

            seen |= kind;
            if (!list[i].Path.IsEmpty && !list[i].Path.StartsWith("/"u8))
            {
                Add(new Fault("must be an absolute path")
                {
                    Field = $"linux.namespaces[{i}].path",
                    Value = Shown(list[i].Path),
                    Hint = "name a namespace file such as /proc/PID/ns/TYPE, or remove the path for a new namespace",
                });
            }
        }

        if (_facts.RootlessEuid && !Has(NamespaceSet.User))
        {
            Add(new Fault("rootless container requires user namespaces")
            {
                Field = "linux.namespaces",
                Hint = "add {\"type\": \"user\"} and mappings, as 'spec --rootless' does, or run as root",
            });
        }
    }
}

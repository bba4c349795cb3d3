using OciRun.Errors;
using OciRun.Host;
using OciRun.Spec;

namespace OciRun.Validate;

internal readonly partial struct HostRules
{
    private void Namespaces()
    {
        Namespace[] namespaces = _config.Linux?.Namespaces ?? [];
        for (int i = 0; i < namespaces.Length; i++)
        {
            string name = namespaces[i].Type.ToString();
            string file = name switch { "network" => "net", "mount" => "mnt", _ => name };
            if (!namespaces[i].Path.IsEmpty)
                Joined(namespaces[i], i, name);
            else if (!Machine.HasNamespace(file))
            {
                Error(new Fault("this kernel has no such namespaces")
                {
                    Field = $"linux.namespaces[{i}].type",
                    Value = name,
                    Hint = "remove it, or use a kernel that is built with them",
                });
            }
            else if (Machine.MostNamespaces(file) == 0)
            {
                Error(new Fault("no user may make such namespaces")
                {
                    Field = $"linux.namespaces[{i}].type",
                    Value = name,
                    Hint = $"raise the sysctl user.max_{file}_namespaces",
                });
            }
        }
    }

    private void Joined(Namespace joined, int index, string name)
    {
        long type = Machine.NamespaceType(joined.Path.Span, out bool opened);
        if (type >= 0 && (ulong)type == Flag(name))
            return;
        Error(new Fault(opened ? $"it is not a namespace of type {name}" : "cannot open the namespace")
        {
            Field = $"linux.namespaces[{index}].path",
            Value = joined.Path.ToString(),
            Syscall = opened ? "ioctl" : "openat",
            Errno = type < 0 ? (int)-type : Kernel.Errno.EINVAL,
            Hint = "name a file such as /proc/PID/ns/net or one pinned by a bind mount",
        });
    }

    private static ulong Flag(string name) => name switch
    {
        "pid" => Kernel.Uapi.CLONE_NEWPID,
        "network" => Kernel.Uapi.CLONE_NEWNET,
        "mount" => Kernel.Uapi.CLONE_NEWNS,
        "ipc" => Kernel.Uapi.CLONE_NEWIPC,
        "uts" => Kernel.Uapi.CLONE_NEWUTS,
        "user" => Kernel.Uapi.CLONE_NEWUSER,
        "cgroup" => Kernel.Uapi.CLONE_NEWCGROUP,
        "time" => Kernel.Uapi.CLONE_NEWTIME,
        _ => 0,
    };

    // The ids of the host that a range names are those of the runtime's own user namespace.
    private void IdMappings()
    {
        if (!IsNew("user"u8))
            return;
        IdMappings(_config.Linux?.UidMappings ?? [], groups: false);
        IdMappings(_config.Linux?.GidMappings ?? [], groups: true);
    }

    private void IdMappings(IdMapping[] mappings, bool groups)
    {
        for (int i = 0; i < mappings.Length; i++)
        {
            if (Machine.MapsIds(groups, mappings[i].HostId, mappings[i].Size))
                continue;
            Error(new Fault(groups ? "cannot write gid_map" : "cannot write uid_map")
            {
                Field = $"linux.{(groups ? "gid" : "uid")}Mappings[{i}].hostID",
                Value = mappings[i].HostId.ToString(),
                Syscall = "write",
                Errno = Kernel.Errno.EPERM,
                Hint = "the runtime's own user namespace does not have all ids of this range",
            });
        }
    }
}

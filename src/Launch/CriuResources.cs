using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Errors;
using OciRun.Host;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>
/// What a container has from the host, which CRIU is told about so that it neither dumps nor refuses it: bind mounts,
/// masked files, device nodes, joined namespaces (features.md CPB03). Names are the ones that runc gives.
/// </summary>
internal static class CriuResources
{
    private const string NullDevice = "/dev/null";

    /// <summary>Refuses what CRIU would bring back as something else than it was.</summary>
    /// <param name="config">The container's.</param>
    /// <param name="hasLayers">The runtime makes its root file system of layers.</param>
    /// <exception cref="FaultException">Names the field.</exception>
    public static void Check(Config config, bool hasLayers)
    {
        if (hasLayers)
        {
            throw Refused(
                "root.path", "a root file system that ocirun makes from layers cannot be checkpointed or restored",
                "mount the overlay before 'create' and name it in root.path");
        }

        if (Find(config, "mount"u8) is not { Entry.Path.IsEmpty: true })
        {
            throw Refused(
                "linux.namespaces", "a container without a mount namespace of its own cannot be checkpointed or restored",
                "add {\"type\": \"mount\"} to linux.namespaces");
        }

        if (Find(config, "cgroup"u8) is { Entry.Path.IsEmpty: false } joined)
            throw Refused($"linux.namespaces[{joined.Index}].path", "CRIU cannot restore into a cgroup namespace that exists", "remove the path");
        if (!config.Annotation("run.ocirun.rootfs.idmap"u8).IsEmpty)
            throw Refused("annotations[\"run.ocirun.rootfs.idmap\"]", "CRIU does not know id-mapped mounts", "give the files their owners on disk");
        Mount[] mounts = config.Mounts ?? [];
        for (int i = 0; i < mounts.Length; i++)
        {
            if (IsIdMapped(mounts[i]))
                throw Refused($"mounts[{i}]", "CRIU does not know id-mapped mounts", "remove the mapping and give the files their owners on disk");
        }
    }

    /// <summary>Path of a CRIU configuration file whose options win; null for none (features.md AN02).</summary>
    public static string? ConfigFile(Config config)
    {
        Utf8 value = config.Annotation("org.criu.config"u8);
        if (!value.IsNull)
            return value.IsEmpty ? null : value.ToString();
        foreach (string file in (ReadOnlySpan<string>)["/etc/criu/ocirun.conf", "/etc/criu/crun.conf"])
        {
            if (Sys.fstatat(Uapi.AT_FDCWD, Sys.Bytes(file), out _, 0) == 0)
                return file;
        }

        // CRIU does without one that is not there.
        return "/etc/criu/runc.conf";
    }

    /// <summary>Adds to the options of a dump what stays outside of the images.</summary>
    /// <param name="options">The options.</param>
    /// <param name="config">The container's.</param>
    /// <param name="bundle">Its bundle.</param>
    /// <param name="rootfs">Its root file system on the host.</param>
    /// <param name="pid">Its first process.</param>
    /// <param name="version">CRIU's.</param>
    /// <exception cref="FaultException">The container is to end, and could not be restored.</exception>
    public static void AddToDump(CriuOptions options, Config config, string bundle, string rootfs, int pid, int version)
    {
        using Fd root = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{pid}/root"), Uapi.O_PATH | Uapi.O_DIRECTORY));
        List<CriuBind> binds = Binds(config, bundle, rootfs, root, default);
        List<MountEntry> host = MountEntry.Read("/proc/self/mountinfo");
        List<MountEntry> own = MountEntry.Read($"/proc/{pid}/mountinfo");
        binds.AddRange(CriuBind.Below(binds, host, own));
        foreach (CriuBind bind in binds)
            options.ExternalMounts.Add(new CriuPair(bind.Point, bind.Point));
        if (HasMountsV2(version) && CriuSharing.Lost(own, host, binds, rootfs) is [var lost, ..])
            WarnOf(lost.Point, lost.Tried, options.LeaveRunning is true);
        foreach (Utf8 path in config.Linux?.MaskedPaths ?? [])
        {
            using Fd masked = OpenInRoot(root, Plan.Paths.InRoot(path));
            if (masked.Number >= 0 && Sys.fstat(masked.Number, out stat st) == 0 && (st.st_mode & Uapi.S_IFMT) != Uapi.S_IFDIR)
                options.ExternalMounts.Add(new CriuPair(PathOf(masked, default) ?? path, NullDevice));
        }

        foreach (Utf8 device in Devices(config))
            options.ExternalMounts.Add(new CriuPair(device, device));
    }

    private static bool HasMountsV2(int version) => version >= 31_700 && Machine.KernelVersion >= new Version(5, 15);

    private static void WarnOf(Utf8 point, Utf8 tried, bool goesOn)
    {
        Fault fault = new("CRIU could not restore this mount on this machine as it is: it takes its propagation from the mount at "
            + $"{tried}, which does not show all of it")
        {
            Field = "mounts",
            Value = point.ToString(),
            Hint = "create the container with the option private for bind mounts, or with a root.path that is on the same mount as their "
                + "sources; --leave-running saves it all the same",
            Code = "criu-sharing",
        };
        if (!goesOn)
            throw new FaultException(fault);
        Log.Warning(fault.Text());
    }

    /// <summary>Adds namespaces that the container has joined: <c>TYPE[INODE]:NAME</c>.</summary>
    /// <exception cref="FaultException">CRIU is too old for it.</exception>
    public static void AddNamespacesToDump(CriuOptions options, Config config, int pid, int version)
    {
        foreach ((string type, string file, string name, int least) in Inherited)
        {
            if (Find(config, Encoding.ASCII.GetBytes(type)) is not { Entry.Path.IsEmpty: false } joined)
                continue;
            CheckVersion(joined, type, version, least);

            // What its path led to is what the process is in; the path may be gone.
            if (Sys.fstatat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{pid}/ns/{file}"), out stat st, 0) == 0)
                options.Externals.Add($"{file}[{st.st_ino}]:{name}");
        }
    }

    /// <summary>Adds to the options of a restore where it finds what the dump left out.</summary>
    /// <param name="options">The options.</param>
    /// <param name="config">The new container's.</param>
    /// <param name="bundle">Its bundle.</param>
    /// <param name="rootfs">Its root file system.</param>
    /// <param name="root">That, with the container's mounts on it.</param>
    public static void AddToRestore(CriuOptions options, Config config, string bundle, string rootfs, Fd root)
    {
        List<CriuBind> binds = Binds(config, bundle, rootfs, root, rootfs);

        // Those that the container had are named among them.
        if (binds.Count > 0)
            binds.AddRange(CriuBind.Below(binds, MountEntry.Read("/proc/self/mountinfo")));
        foreach (CriuBind bind in binds)
            options.ExternalMounts.Add(new CriuPair(bind.Point, bind.Source));
        if (config.Linux?.MaskedPaths is { Length: > 0 })
            options.ExternalMounts.Add(new CriuPair(NullDevice, NullDevice));
        foreach (Utf8 device in Devices(config))
        {
            if (!device.Is("/dev/null"u8) || config.Linux?.MaskedPaths is not { Length: > 0 })
                options.ExternalMounts.Add(new CriuPair(device, device));
        }
    }

    /// <summary>Adds the namespaces to restore into.</summary>
    /// <param name="options">The options.</param>
    /// <param name="config">The new container's.</param>
    /// <param name="version">CRIU's.</param>
    /// <param name="opened">Takes their descriptors, which CRIU finds from 4 on.</param>
    /// <exception cref="FaultException">One cannot be opened, or CRIU is too old for it.</exception>
    public static void AddNamespacesToRestore(CriuOptions options, Config config, int version, List<Fd> opened)
    {
        const int firstDescriptor = 4;
        Namespace[] namespaces = config.Linux?.Namespaces ?? [];
        for (int i = 0; i < namespaces.Length; i++)
        {
            if (namespaces[i].Path.IsEmpty)
                continue;
            string type = namespaces[i].Type.ToString();
            if (Array.Find(Inherited, known => known.Type == type) is { Name: { } name } inherited)
            {
                CheckVersion((i, namespaces[i]), type, version, inherited.Least);
                int fd = Sys.openat(Uapi.AT_FDCWD, namespaces[i].Path.Span, Uapi.O_RDONLY | Uapi.O_NONBLOCK | Uapi.O_NOCTTY);
                if (fd < 0)
                    throw Unopened(i, namespaces[i], fd);
                options.InheritedFds.Add((name, firstDescriptor + opened.Count));
                opened.Add(new Fd(fd));
            }
            else
            {
                options.JoinedNamespaces.Add(new CriuPair(type, namespaces[i].Path));
            }
        }
    }

    /// <summary>Adds the pipes that the dumped process had as standard streams: this process's take their places.</summary>
    public static void AddPipes(CriuOptions options, List<string> descriptors)
    {
        for (int fd = 0; fd < descriptors.Count; fd++)
        {
            if (descriptors[fd].StartsWith("pipe:", StringComparison.Ordinal))
                options.InheritedFds.Add((descriptors[fd], fd));
        }
    }

    /// <summary>The namespace of a type in the config; null when there is none.</summary>
    public static (int Index, Namespace Entry)? Find(Config config, ReadOnlySpan<byte> type)
    {
        Namespace[] namespaces = config.Linux?.Namespaces ?? [];
        for (int i = 0; i < namespaces.Length; i++)
        {
            if (namespaces[i].Type.Is(type))
                return (i, namespaces[i]);
        }

        return null;
    }

    // Those that CRIU leaves alone when they are declared by name, from which version on.
    private static (string Type, string File, string Name, int Least)[] Inherited =>
        [("network", "net", "extRootNetNS", 31_100), ("pid", "pid", "extRootPidNS", 31_500)];

    private static void CheckVersion((int Index, Namespace Entry) joined, string type, int version, int least)
    {
        if (version >= least)
            return;
        throw new FaultException(new Fault($"criu lacks support for external {type} namespace")
        {
            Field = $"linux.namespaces[{joined.Index}].path",
            Value = joined.Entry.Path.ToString(),
            Hint = $"install CRIU {least / 10_000}.{least / 100 % 100} or newer",
        });
    }

    private static FaultException Unopened(int index, Namespace entry, int result) =>
        new(new Fault($"Requested {entry.Type} namespace {entry.Path} does not exist")
        {
            Field = $"linux.namespaces[{index}].path",
            Syscall = "openat",
            Errno = -result,
        });

    // Only the host's: of what is in the root file system CRIU takes care.
    private static List<CriuBind> Binds(Config config, string bundle, string rootfs, Fd root, Utf8 prefix)
    {
        List<CriuBind> binds = [];
        Utf8 inRoot = Plan.Paths.InRoot(rootfs);
        foreach (Mount mount in config.Mounts ?? [])
        {
            MountOptions options = MountOptions.Parse(mount.Options);
            Utf8 source = Plan.Paths.Below(bundle, mount.Source);
            if (options.IsBind && !options.IsRemount && !Plan.Paths.IsWithin(Plan.Paths.InRoot(source), inRoot.Span))
                binds.Add(new CriuBind(MountPoint(root, prefix, mount.Destination, rootfs), Source(source, options.KeepsSourceLink)));
        }

        return binds;
    }

    // CRIU follows no link at its end, and takes away one name after the other to find the mount that it is on.
    private static Utf8 Source(Utf8 path, bool keepsLink)
    {
        using Fd source = new(Sys.openat(Uapi.AT_FDCWD, path.Span, Uapi.O_PATH | (keepsLink ? Uapi.O_NOFOLLOW : 0)));
        return source.Number < 0 ? path : PathOf(source, default) ?? path;
    }

    // The nodes that are bound from the host where none can be made.
    private static List<Utf8> Devices(Config config)
    {
        List<Utf8> devices = [];
        if (Find(config, "user"u8) is not null || Machine.InUserNamespace)
        {
            foreach (string name in (ReadOnlySpan<string>)["null", "zero", "full", "random", "urandom", "tty"])
                devices.Add($"/dev/{name}");
        }

        foreach (LinuxDevice device in config.Linux?.Devices ?? [])
        {
            if (!devices.Contains(device.Path))
                devices.Add(device.Path);
        }

        return devices;
    }

    // Where a destination leads, links resolved below the root; as it is written when it leads nowhere.
    private static Utf8 MountPoint(Fd root, Utf8 prefix, Utf8 destination, string rootfs)
    {
        Utf8 inside = Plan.Paths.InRoot(destination, rootfs);
        using Fd point = OpenInRoot(root, inside);
        Utf8? path = point.Number < 0 ? null : PathOf(point, prefix);
        return path ?? new Utf8($"/{inside}");
    }

    private static Fd OpenInRoot(Fd root, Utf8 path) => new(root.Number < 0
        ? -1
        : Sys.openat2(root.Number, path.Span, Uapi.O_PATH, Uapi.RESOLVE_IN_ROOT | Uapi.RESOLVE_NO_MAGICLINKS));

    // In the mount namespace of the descriptor, below a path there; null for what is elsewhere.
    private static Utf8? PathOf(Fd fd, Utf8 prefix)
    {
        Span<byte> path = stackalloc byte[4096];
        int length = Sys.readlinkat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/self/fd/{fd.Number}"), path);
        if (length <= 0 || path[0] != (byte)'/' || !path[..length].StartsWith(prefix.Span))
            return null;
        ReadOnlySpan<byte> rest = path[prefix.Length..length];
        if (rest.IsEmpty)
            return new Utf8("/");
        return rest[0] == (byte)'/' ? new Utf8(rest.ToArray()) : default(Utf8?);
    }

    private static bool IsIdMapped(Mount mount) => mount.UidMappings is { Length: > 0 }
        || Array.Exists(mount.Options ?? [], static option => option.StartsWith("idmap"u8) || option.StartsWith("ridmap"u8));

    private static FaultException Refused(string field, string message, string hint) =>
        new(new Fault(message) { Field = field, Hint = hint });
}

using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>A tree that the parent clones before the child exists, and whose ids it maps when told so.</summary>
internal readonly record struct BindSource(
    int Slot, Utf8 Path, bool Recursive, string Field, IdMap? Ids = null, bool Nofollow = false);

internal sealed unsafe partial class Planner
{
    private static readonly string[] OverProc =
    [
        "proc/cpuinfo", "proc/diskstats", "proc/meminfo", "proc/stat", "proc/swaps", "proc/uptime", "proc/loadavg",
        "proc/slabinfo", "proc/sys/kernel/ns_last_pid", "proc/sys/crypto/fips_enabled",
    ];

    private readonly List<(int Slot, string Field, Utf8 Target)> _lateReadonly = [];
    private MountOptions[] _options = [];
    private int[] _sources = [];
    private bool _devIsBind;

    // In the caller's mount namespace, where a user namespace of the container has no rights.
    private bool NeedsMounts()
    {
        string? needing = _config.Mounts is { Length: > 0 } ? "mounts"
            : _config.Root is { Readonly: true } ? "root.readonly"
            : _config.Process!.Terminal ? "process.terminal" : null;
        if (needing is null || !HasUserNamespace)
            return needing is not null;
        throw new FaultException(new Fault("a user namespace needs a mount namespace for this")
        {
            Field = needing,
            Hint = "add {\"type\": \"mount\"} to linux.namespaces, or remove it",
        });
    }

    // Taken before anything is mounted: a source below the rootfs or below another mount means the host's file.
    private void OpenSources()
    {
        Mount[] mounts = _config.Mounts ?? [];
        _options = new MountOptions[mounts.Length];
        _sources = new int[mounts.Length];
        _plan.ParentOpens = HasUserNamespace && _request.Privileged;
        for (int i = 0; i < mounts.Length; i++)
        {
            string field = $"mounts[{i}]";
            _options[i] = MountOptions.Parse(mounts[i].Options);
            _options[i].Ids = IdMapOf(mounts[i], _options[i], field);
            if (!_options[i].IsBind || _options[i].IsRemount)
                continue;
            if (mounts[i].Source.IsEmpty)
                throw new FaultException(new Fault("a bind mount needs a source") { Field = $"{field}.source" });
            Utf8 path = Paths.Below(_request.Bundle, mounts[i].Source);
            if (Inside(path, i) is not null)
                continue;
            int slot = _plan.NewSlot();
            _sources[i] = slot;
            if (_plan.ParentOpens || _isLive || _options[i].Ids is not null)
            {
                _plan.ParentSources.Add(new BindSource(
                    slot, path, _options[i].IsRecursive, field, _options[i].Ids, _options[i].KeepsSourceLink));
                continue;
            }

            Step step = TextStep(Op.OpenSource, path.Span, field);
            step.Slot = slot;
            step.Number = _options[i].IsRecursive ? 1 : 0;
            step.Flags = _options[i].KeepsSourceLink ? Uapi.AT_SYMLINK_NOFOLLOW : 0;
            _plan.Add(step);
        }
    }

    private void Mounts()
    {
        Mount[] mounts = _config.Mounts ?? [];
        for (int i = 0; i < mounts.Length; i++)
            AddMount(mounts[i], _options[i], i);
    }

    private void AddMount(Mount mount, MountOptions options, int index)
    {
        string field = $"mounts[{index}]";
        if (mount.Destination.IsEmpty)
            throw new FaultException(new Fault("missing") { Field = $"{field}.destination" });
        Utf8 target = Paths.InRoot(mount.Destination, _request.Rootfs);
        bool overRoot = target.Is("."u8);
        if (overRoot && options.IsRemount && !options.IsBind)
        {
            // The root's file system is the host's.
            throw new FaultException(new Fault("the file system of the root cannot be remounted")
            {
                Field = $"{field}.destination",
                Value = mount.Destination.ToString(),
                Hint = "add the option \"bind\" to change the container's mount only",
            });
        }

        if (overRoot && _plan.MountsRootfs)
        {
            throw new FaultException(new Fault("a mount over the root needs a mount namespace")
            {
                Field = $"{field}.destination",
                Value = mount.Destination.ToString(),
                Hint = "add {\"type\": \"mount\"} to linux.namespaces",
            });
        }

        Utf8 type = mount.Type;
        bool cgroup = type.Is("cgroup"u8) || type.Is("cgroup2"u8);
        CheckProc(target, type, options, field, mount.Destination);
        if (target.Is("dev"u8))
            _devIsBind = options.IsBind;
        MountStep* m = Arena.Make<MountStep>();
        *m = default;
        m->Target = Arena.Text(target);
        m->Type = Arena.Text(cgroup ? "cgroup2"u8 : type.Span);
        m->Source = Arena.Text(mount.Source.IsEmpty ? type.Span : mount.Source.Span);

        // A clone that the parent made is a peer of the host's mount, not yet a slave as in a copied mount namespace,
        // and so is one made without a mount namespace; a user namespace never keeps its peers (mount_namespaces(7),
        // "Restrictions on mount namespaces").
        m->Enslave = _plan.ParentOpens || _isLive || _plan.MountsRootfs || (options.Ids is not null && !SharesMounts) ? (byte)1 : (byte)0;
        m->KeepsLocked = _plan.ParentOpens ? (byte)1 : (byte)0;
        m->InProc = Paths.IsWithin(target, "proc"u8) ? (byte)1 : (byte)0;
        m->TargetNofollow = options.KeepsTargetLink ? (byte)1 : (byte)0;
        m->OverRoot = overRoot && !options.IsRemount ? (byte)1 : (byte)0;
        m->Propagation = Arena.Array<ulong>(options.Propagation.Count);
        m->PropagationCount = options.Propagation.Count;
        for (int i = 0; i < options.Propagation.Count; i++)
            m->Propagation[i] = options.Propagation[i];
        Step step = new() { Field = _plan.Field($"{field} \"{mount.Destination}\""), Slot = Slot.None, Data = m };
        CopyUp(m, options, type, field);
        if (options.IsBind)
        {
            step.Op = Op.MountBind;
            step.Number = options.IsRemount ? Slot.None : _sources[index];
            m->CopySymlink = options.CopiesLink ? (byte)1 : (byte)0;
            m->OnlyProc = target.Is("proc"u8) ? (byte)1 : (byte)0;
            if (!options.IsRemount && Inside(Paths.Below(_request.Bundle, mount.Source), index) is { } path)
                BindInside(ref step, m, path, options);
            BindAttributes(m, options, field);
        }
        else
        {
            if (type.IsEmpty)
                throw new FaultException(new Fault("missing") { Field = $"{field}.type", Hint = "name a file system type, or add the bind option" });
            step.Op = cgroup ? Op.MountCgroup : Op.MountFilesystem;
            FilesystemAttributes(m, options, type, target);
            if (options.Ids is not null)
                MapFilesystem(m, ref step, options, type, field);
            else if (cgroup)
                CgroupFallback(m, ref step);
            if (type.Is("tmpfs"u8) && (options.Flags & Uapi.MS_RDONLY) != 0)
            {
                // Content such as devices is made first.
                step.Slot = _plan.NewSlot();
                _lateReadonly.Add((step.Slot, field, target));
                m->Flags &= ~(ulong)Uapi.MS_RDONLY;
                m->AttributesSet &= ~Uapi.MOUNT_ATTR_RDONLY;
            }

            if (options.HasRecursiveWord)
                throw new FaultException(new Fault("recursive options apply to bind mounts only") { Field = $"{field}.options" });
        }

        if (_isLive)
            CheckLive(m, options, type, field);
        _plan.Add(step);
    }

    // A proc or sysfs on a link would put the real one elsewhere, and a mount inside /proc could stand in for files
    // that are security decisions (CVE-2019-19921, CVE-2019-16884).
    private static void CheckProc(Utf8 target, Utf8 type, MountOptions options, string field, Utf8 destination)
    {
        if (!Paths.IsWithin(target, "proc"u8))
            return;
        if ((target.Is("proc"u8) && (type.Is("proc"u8) || options.IsBind)) || MayStandInProc(target))
            return;
        throw new FaultException(new Fault("cannot be mounted because it is inside /proc")
        {
            Field = $"{field}.destination",
            Value = destination.ToString(),
            Hint = "only a proc file system may be mounted on /proc, and only a few files below it",
        });
    }

    private static bool MayStandInProc(Utf8 target)
    {
        foreach (string allowed in OverProc)
        {
            if (System.Text.Ascii.Equals(target.Span, allowed))
                return true;
        }

        return false;
    }

    private static void BindAttributes(MountStep* m, MountOptions options, string field)
    {
        if (options.Data.Count > 0)
        {
            throw new FaultException(new Fault("bind mounts cannot have any filesystem-specific options")
            {
                Field = $"{field}.options",
                Value = options.Data[0].ToString(),
                Hint = "check the option's spelling",
            });
        }

        const ulong plain = Uapi.MOUNT_ATTR_RDONLY | Uapi.MOUNT_ATTR_NOSUID | Uapi.MOUNT_ATTR_NODEV
            | Uapi.MOUNT_ATTR_NOEXEC | Uapi.MOUNT_ATTR_NOSYMFOLLOW;
        const uint times = Uapi.MS_NOATIME | Uapi.MS_NODIRATIME | Uapi.MS_RELATIME | Uapi.MS_STRICTATIME;
        m->Flags = options.Flags;
        m->Recursive = options.IsRecursive ? (byte)1 : (byte)0;
        m->RecursiveSet = options.RecursiveSet;
        m->RecursiveClear = options.RecursiveClear;
        if (!options.HasFlagWord)
            return;

        // One flag word and all of them are as the words say, like mount(2) with MS_REMOUNT and MS_BIND; only the
        // access-time mode stays when no word speaks of it.
        m->AttributesSet = MountOptions.Attributes(options.Flags);
        m->AttributesClear = plain & ~m->AttributesSet;
        if ((options.Flags & times) != 0)
            m->AttributesClear |= Uapi.MOUNT_ATTR__ATIME | (Uapi.MOUNT_ATTR_NODIRATIME & ~m->AttributesSet);
        m->AttributesForbidden = MountOptions.Attributes(options.Cleared);
    }

    private void FilesystemAttributes(MountStep* m, MountOptions options, Utf8 type, Utf8 target)
    {
        m->Flags = options.Flags;
        m->AttributesSet = MountOptions.Attributes(options.Flags);
        m->PlainTarget = (type.Is("proc"u8) || type.Is("sysfs"u8)) && (target.Is("proc"u8) || target.Is("sys"u8)) ? (byte)1 : (byte)0;
        m->InheritMode = type.Is("tmpfs"u8) ? (byte)1 : (byte)0;
        m->Legacy = (options.Flags & Uapi.MS_REMOUNT) != 0 || (options.Flags & Uapi.MS_I_VERSION) != 0 ? (byte)1 : (byte)0;
        List<Utf8> words = [];
        if ((options.Flags & Uapi.MS_RDONLY) != 0 && !type.Is("tmpfs"u8))
            words.Add("ro");
        if ((options.Flags & Uapi.MS_SYNCHRONOUS) != 0)
            words.Add("sync");
        if ((options.Flags & Uapi.MS_DIRSYNC) != 0)
            words.Add("dirsync");
        if ((options.Flags & Uapi.MS_LAZYTIME) != 0)
            words.Add("lazytime");
        int own = words.Count;
        bool pts = type.Is("devpts"u8);
        foreach (Utf8 word in options.Data)
        {
            // Every devpts is an instance of its own since Linux 4.7; the word is for mount(2) only.
            if (!(pts && word.Is("newinstance"u8)))
                words.Add(word);
        }

        m->Parameters = (byte**)Arena.Allocate(16L * (words.Count + 1));
        m->ParameterCount = words.Count;
        List<byte> data = [];
        for (int i = 0; i < words.Count; i++)
        {
            int equals = words[i].IndexOf((byte)'=');
            m->Parameters[2 * i] = Arena.Text(equals < 0 ? words[i] : words[i].Slice(0, equals));
            m->Parameters[(2 * i) + 1] = equals < 0 ? null : Arena.Text(WithoutQuotes(words[i], equals));
            if (i < own)
                continue;
            if (data.Count > 0)
                data.Add((byte)',');
            data.AddRange(words[i].Span);
        }

        Label(m, type, words, data);
        m->Data = data.Count == 0 ? null : Arena.Text(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(data));
    }
}

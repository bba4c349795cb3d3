using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Launch;

internal sealed unsafe partial class Execution
{
    private ulong _join;

    // Those that were made for the container: whoever calls the runtime is in others.
    private ulong _given;
    private Fd? _root;

    // All of the first process's namespaces, however it came to them (features.md EB02), but those that this process is in
    // already: one's own user namespace cannot be joined, and others need rights that a user without privileges lacks.
    private void FindNamespaces()
    {
        foreach (Namespace entry in _config.Linux?.Namespaces ?? [])
            _given |= entry.Path.IsEmpty ? Planner.NamespaceFlag(entry.Type.Span) : 0;
        _join = Other("user", Uapi.CLONE_NEWUSER) | Other("pid", Uapi.CLONE_NEWPID) | Other("net", Uapi.CLONE_NEWNET)
            | Other("ipc", Uapi.CLONE_NEWIPC) | Other("uts", Uapi.CLONE_NEWUTS) | Other("cgroup", Uapi.CLONE_NEWCGROUP)
            | Other("time", Uapi.CLONE_NEWTIME) | Other("mnt", Uapi.CLONE_NEWNS);

        // The root of a mount namespace of its own is the container's; else it has only changed its root.
        if ((_join & Uapi.CLONE_NEWNS) == 0 || !InitNamespaces.HasMount(_config))
        {
            _root = new Fd(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{_record.Pid}/root"), Uapi.O_PATH | Uapi.O_DIRECTORY));
            if (_root.Number < 0)
                throw Unreadable("root", _root.Number);
        }

        // What was read by pid was the container's only if it still lives.
        if (Liveness.WaitForExit(_init, 0))
            throw Refused("cannot exec in a stopped container");
    }

    // To look is dearer than to join once more, which only a user namespace refuses.
    private ulong Other(string file, ulong flag)
    {
        if (flag != Uapi.CLONE_NEWUSER && (_given & flag) != 0)
            return flag;
        int result = InitNamespaces.Differs(_record.Pid, file);
        return result < 0 ? throw Unreadable($"ns/{file}", result) : result == 0 ? 0 : flag;
    }

    private FaultException Unreadable(string file, int result) =>
        InitNamespaces.Unreadable(_record, file, result) ?? Refused("cannot exec in a stopped container");
}

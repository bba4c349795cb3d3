using System;
using System.Runtime.InteropServices;
using System.Text;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Launch;

/// <summary>Turns the child's fixed-size record into the error that the user reads.</summary>
internal static unsafe partial class Failure
{
    /// <summary>The fault behind a record; <paramref name="note"/> is what a file system said, or empty.</summary>
    public static Fault From(ContainerPlan plan, in Report report, string note)
    {
        Step step = report.Step >= 0 && report.Step < plan.Steps.Count ? plan.Steps[report.Step] : default;
        if (step.Op == Op.Hook)
            return Hook(plan.Fields[step.Field]!, step, report, note);
        return step.Op is Op.FindExecutable or Op.Execute ? Executable(step, report) : From(plan, step, report, note);
    }

    /// <summary>The fault of a step of the child or of the parent.</summary>
    public static Fault From(ContainerPlan plan, in Step step, in Report report, string note)
    {
        int named = step.Op == Op.MountLayers ? LayerField(step, report) : step.Field;
        string? field = plan.Fields.Count > named ? plan.Fields[named] : null;
        string message = Message(step, report);
        if (note.Length > 0)
            message += $": {Said(note)}";
        return new Fault(message)
        {
            Field = field,
            Syscall = SyscallName(report.Syscall),
            Errno = report.Errno,
            Hint = Hint(step, report),
        };
    }

    // The kernel marks each line as an error, a warning or a note ("e tmpfs: Bad value"), and ends it.
    private static string Said(string note)
    {
        string line = note.TrimEnd();
        return line is ['e' or 'w' or 'i', ' ', ..] ? line[2..] : line;
    }

    private static Fault Hook(string field, in Step step, in Report report, string note)
    {
        string kind = field.StartsWith("hooks.startContainer", System.StringComparison.Ordinal) ? "startContainer" : "createContainer";
        return RuntimeHooks.Fault(field, kind, report.HookIndex, report.Hook, ((HookStep*)step.Data)->Timeout, note);
    }

    private static Fault Executable(in Step step, in Report report)
    {
        ExecuteStep* execute = (ExecuteStep*)step.Data;
        string name = Text(execute->Argv[0]);
        if (step.Op == Op.Execute)
            return Execution(name, report.Errno);
        return Executable(name, report.Extra switch
        {
            1 => "executable file not found in $PATH",
            2 => $"stat {name}: {Errno.Text(report.Errno)}",
            _ when report.Errno == Errno.EISDIR => Directory,
            _ => Errno.Text(report.Errno),
        });
    }

    /// <summary>Why a directory cannot be run. Podman knows the exit status 126 by the second half alone, which is also what
    /// execve(2) says.</summary>
    public const string Directory = "is a directory: permission denied";

    /// <summary>The program is not there, or is none that the user may run.</summary>
    public static Fault Executable(string name, string reason) => Program(name, $"exec: \"{name}\": {reason}", null);

    /// <summary>The program is there, but execve(2) refuses it.</summary>
    public static Fault Execution(string name, int errno) => Program(name, $"exec {name}: {Errno.Text(errno)}", errno switch
    {
        Errno.ENOENT => "the file is there, so its interpreter or dynamic loader is missing in the image",
        Errno.ENOEXEC => "the file is not a program of this machine's architecture and has no #! line",
        _ => null,
    });

    private static Fault Program(string name, string reason, string? hint) => new($"unable to start container process: {reason}")
    {
        Field = "process.args[0]",
        Value = name,
        Hint = hint,
        Code = "executable",
    };

    private static string Message(in Step step, in Report report) => step.Op switch
    {
        Op.BecomeNamespaceRoot => "cannot become root of the user namespace",
        Op.JoinNamespace => "cannot join the namespace",
        Op.JoinProcess => "cannot join the container's namespaces",
        Op.Affinity => "cannot set the CPUs",
        Op.ControllingTerminal => "cannot set up the terminal",
        Op.Unshare or Op.CloneFinal => "cannot make the new namespaces",
        Op.OpenTimeOffsets or Op.TimeOffsets => "cannot set the offsets of the clocks",
        Op.KeyringLabel or Op.ApparmorProfile or Op.SelinuxLabel => Label(report),
        Op.Personality => "cannot set the execution domain",
        Op.IoPriority => "cannot set the I/O priority",
        Op.Scheduler => "cannot set the scheduling policy",
        Op.MemoryPolicy => "cannot set the memory policy",
        Op.SessionKeyring => "cannot join the session keyring",
        Op.Hostname or Op.Domainname => "cannot set the name",
        Op.Loopback => "cannot bring up the loopback interface",
        Op.ReceiveNetworkDevices => "cannot show the network namespace to the runtime",
        Op.Propagation or Op.RootPropagation => "cannot set mount propagation",
        Op.ProbeMountApi => "mounts of a container that exists need the mount API of Linux 5.12",
        Op.Unmount when report.Errno == Errno.ELOOP => "cannot be removed: a symbolic link is on the way",
        Op.Unmount when report.Syscall == SYS.umount2 && report.Errno == Errno.EINVAL => "nothing is mounted there that could be removed",
        Op.Unmount => "cannot be removed",
        Op.OpenNull => "/dev/null of the host is not usable",
        Op.OpenProc => "cannot open a trusted procfs",
        Op.OpenSource => $"source \"{Text(step.Text)}\"",
        Op.OpenLayer => "cannot use it as a directory of the root file system",
        Op.MountLayers => Layers(step, report),
        Op.AttachRootfs => $"cannot use \"{Text(step.Text)}\" as root file system",
        Op.MountBind when step.Second is not null && report.Syscall == SYS.open_tree => $"source \"{Text(step.Second)}\" in the container",
        Op.MountFilesystem or Op.MountCgroup or Op.MountBind => Mount(step, report),
        Op.OpenDev or Op.MakeDevice or Op.BindDevice => Device(report),
        Op.MakeSymlink or Op.ReplaceSymlink => $"cannot make /dev/{Text(step.Text)}",
        Op.OpenConsole => "cannot set up the terminal",
        Op.PivotRoot => "cannot switch to the root file system",
        Op.MoveRoot or Op.ChangeRoot => "cannot change to the root file system",
        Op.WorkingDirectory => "cannot enter the working directory",
        Op.VerifyWorkingDirectory when report.Syscall != SYS.getcwd => "cannot enter the working directory",
        Op.VerifyWorkingDirectory => "the working directory is not inside the container's root",
        Op.Sysctl => "cannot write the value",
        Op.ReadonlyPath or Op.ReadonlyMount or Op.ReadonlyRoot => "cannot make it read-only",
        Op.MaskPath => "cannot mask the path",
        Op.DropBounding or Op.SetCapabilities => "cannot set the capabilities",
        Op.OwnStdio => "cannot give the standard streams to the user",
        Op.SetIds => "cannot switch to the user",
        Op.VerifyIdentity => "the kernel did not apply the user, groups or capabilities that were set",
        Op.Rlimit => "cannot set the limit",
        Op.Seccomp => "cannot load the filter",
        Op.HandOverListener => "the filter forbids a call that is needed to hand over the listener",
        _ when report.Syscall == SYS.read => "the process cannot read that it is to go on",
        _ => $"{OpName.Of(step.Op)} failed",
    };

    private static string Mount(in Step step, in Report report)
    {
        MountStep* m = (MountStep*)step.Data;
        if (report.Extra == Executor.CopyingUp)
            return "cannot copy the directory's content into the tmpfs";
        if (report.Syscall == SYS.fsetxattr)
            return $"cannot label {Text(m->Type)} with \"{Text(m->Label)}\" (linux.mountLabel)";
        if (report.Syscall == SYS.fsconfig && report.Extra > 0)
        {
            byte* key = m->Parameters[2 * (report.Extra - 1)];
            byte* value = m->Parameters[(2 * (report.Extra - 1)) + 1];
            return $"{Text(m->Type)} does not accept the option \"{Text(key)}{(value is null ? "" : "=" + Text(value))}\"";
        }

        if (report.Errno == Errno.EXDEV && report.Syscall == SYS.openat2)
            return "the destination leaves the root file system";
        if (report.Syscall == SYS.fstatfs && report.Errno == Errno.EPERM)
            return $"cannot be {(step.Op == Op.MountBind && step.Number < 0 ? "remounted" : "mounted")} because it is inside /proc: a symbolic link leads there";
        if (report.Syscall == SYS.fstatfs)
            return "cannot be mounted because it is inside /proc: the source is not a proc file system";
        if (m->PlainTarget != 0 && report.Errno is Errno.ELOOP or Errno.ENOTDIR)
            return $"{Text(m->Type)} must be mounted on ordinary directory";
        if (m->OverRoot != 0 && report.Errno == Errno.ENOSYS)
            return "only kernels with move_mount can mount over the root";
        if (step.Op == Op.MountBind && report.Syscall == SYS.symlinkat)
            return "cannot copy the link";
        if (step.Op == Op.MountBind && step.Number < 0)
            return "cannot remount it";
        return step.Op == Op.MountBind ? "cannot bind it" : $"cannot mount {Text(m->Type)}";
    }

    private static string Label(in Report report) => report.Syscall switch
    {
        SYS.pread64 => "the kernel did not take the label",
        SYS.openat2 => "cannot open the attribute of the process",
        _ => "cannot set the label",
    };

    private static string Device(in Report report) => report.Errno switch
    {
        Errno.EEXIST => "something else stands at the device's path",
        Errno.ENODEV => "the host's node is not the device that is asked for",
        _ => "cannot make the device",
    };

    private static string? Hint(in Step step, in Report report) => (step.Op, report.Errno) switch
    {
        (Op.OpenSource, Errno.ENOENT) => "create it before the container",
        (Op.MountBind, Errno.EEXIST) => "something else stands at the destination",
        (Op.MountBind, Errno.EINVAL) when step.Number < 0 && step.Second is null => "nothing is mounted there",
        (Op.OpenLayer, Errno.ENOENT) => "create it before the container",
        (Op.OpenLayer, Errno.EMFILE) => "every layer takes a descriptor: raise the limit (ulimit -n)",
        (Op.MountLayers, _) => LayersHint(step, report),
        (Op.MountFilesystem or Op.MountCgroup or Op.MountBind or Op.OpenDev, Errno.EROFS) =>
            "the root file system is read-only and lacks the mount point: make it there, or give layers an upper directory",
        (Op.MountFilesystem or Op.MountBind, _) when report.Extra == Executor.CopyingUp => CopyUpHint(report),
        (Op.MountFilesystem, Errno.ENODEV) => "the kernel has no such file system (for a bind mount, add the option \"bind\")",
        (Op.MountBind, Errno.EPERM) when report.Syscall is SYS.mount_setattr or SYS.mount => "the host locks a mount flag that the options clear",
        (Op.MountBind, Errno.ENOTDIR) => "source and destination must both be directories or both be files",
        (Op.Unmount, Errno.ELOOP) => "name the directory or file itself",
        (Op.JoinProcess, Errno.ESRCH) or (Op.CloneFinal, Errno.ENOMEM) => "the container's first process is ending",
        (Op.Affinity, Errno.EINVAL) => "none of these CPUs is online and in the container's cpuset",
        (Op.JoinNamespace, Errno.EINVAL) => "the file is not a namespace of that type",
        (Op.SetIds, Errno.EINVAL) => "map the id in linux.uidMappings and linux.gidMappings",
        (Op.TimeOffsets, Errno.ERANGE) => "a clock would be before its start, or too far ahead",
        (Op.TimeOffsets, Errno.EPERM) => "the user namespace that owns the time namespace must grant CAP_SYS_TIME",
        (Op.OpenTimeOffsets, Errno.ENOENT) => "the kernel has no time namespaces (Linux 5.6)",
        (Op.ApparmorProfile, Errno.ENOENT) => "load the profile with apparmor_parser(8)",
        (Op.ApparmorProfile, Errno.EPERM or Errno.EACCES) => "the runtime's own profile does not allow the change",
        (Op.SelinuxLabel or Op.KeyringLabel, Errno.EINVAL) => "the loaded policy has no such label",
        (Op.SelinuxLabel or Op.KeyringLabel, Errno.EACCES) => "the loaded policy does not let the runtime set it",
        (Op.Scheduler, Errno.EPERM) => "real-time policies and more weight need CAP_SYS_NICE, and a cgroup that may run them",
        (Op.Scheduler, Errno.EBUSY) => "the CPUs have no time left for this deadline",
        (Op.Scheduler, Errno.EINVAL) => "the kernel does not have this policy or flag",
        (Op.Scheduler, Errno.EOPNOTSUPP) => "the kernel has no utilization clamps (CONFIG_UCLAMP_TASK)",
        (Op.IoPriority, Errno.EPERM) => "IOPRIO_CLASS_RT needs CAP_SYS_NICE",
        (Op.MemoryPolicy, Errno.EINVAL) => "the mode or flag is not of this kernel, or none of the nodes is online and allowed",
        (Op.MemoryPolicy, Errno.ENOSYS) => "the kernel has no memory policies (CONFIG_NUMA)",
        (Op.Sysctl, Errno.ENOENT) => "the kernel has no such sysctl in this namespace",
        (Op.Unshare, Errno.ENOSPC) => NamespaceLimit,
        (Op.SessionKeyring, Errno.EDQUOT) => "the user's quota of keys is used up (/proc/key-users): raise sysctl kernel.keys.maxkeys, or use --no-new-keyring",
        (Op.SessionKeyring, _) => "use --no-new-keyring to keep the caller's",
        (Op.Seccomp, Errno.EBUSY) => "this program runs under a filter with a listener itself, and a process has only one",
        (Op.ReadonlyMount or Op.ReadonlyRoot, Errno.EBUSY) => "a process that a hook started has a file there open for writing",
        (Op.PivotRoot, Errno.EINVAL) => "use --no-pivot on a ramdisk root",
        _ => null,
    };

    /// <summary>What ENOSPC means of a new namespace (namespaces(7), /proc/sys/user).</summary>
    public const string NamespaceLimit = "a limit on namespaces is reached: see sysctl user.max_user_namespaces and its like for the other types";

    /// <summary>How a process ended that a signal killed, with what the common ones mean (signal(7)).</summary>
    public static string KilledBy(int signal)
    {
        string? meaning = signal switch
        {
            Uapi.SIGABRT => "aborted",
            Uapi.SIGBUS => "bus error",
            Uapi.SIGKILL => "killed",
            Uapi.SIGSEGV => "segmentation fault",
            Uapi.SIGSYS => "bad system call: a seccomp filter forbids it",
            Uapi.SIGTERM => "terminated",
            _ => null,
        };
        return $"killed by signal {signal}" + (meaning is null ? null : $" ({meaning})");
    }

    private static string? CopyUpHint(in Report report) => (report.Syscall, report.Errno) switch
    {
        (SYS.mknodat, Errno.EPERM) => "a user namespace cannot have device nodes in a tmpfs: bind-mount them",
        (SYS.fchownat, Errno.EINVAL) => "map the owner's ids in linux.uidMappings and linux.gidMappings",
        (_, Errno.ENOSPC) => "raise the tmpfs's size= or nr_inodes=",
        (_, Errno.ENAMETOOLONG or Errno.EMFILE) => $"directories may be {CopyUpStep.MaximumDepth} deep, and every level takes two descriptors (ulimit -n)",
        _ => null,
    };

    /// <summary>Name of a system call of this architecture, null for <see cref="Report.NoSyscall"/>.</summary>
    public static string? SyscallName(int number)
    {
        if (number == Report.NoSyscall)
            return null;
        int index = SyscallTable.Column(SeccompArchitecture.Native(RuntimeInformation.ProcessArchitecture).Column).IndexOf((ushort)number);
        return index < 0 ? $"syscall {number}" : Encoding.UTF8.GetString(SyscallTable.Name(index));
    }

    /// <summary>NUL-terminated UTF-8 as a .NET text; null gives an empty one.</summary>
    public static string Text(byte* text)
    {
        if (text is null)
            return "";
        int length = 0;
        while (text[length] != 0)
            length++;
        return Encoding.UTF8.GetString(text, length);
    }
}

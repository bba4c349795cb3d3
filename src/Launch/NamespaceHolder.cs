using System;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>
/// A process of our own in a user namespace, through which its maps are written and its file is opened. It is
/// gone after <see cref="Dispose"/>, and after this process's death in any other way.
/// </summary>
internal sealed unsafe class NamespaceHolder : IDisposable
{
    private readonly Fd _socket;
    private int _pid;

    private NamespaceHolder(string field)
    {
        int* two = stackalloc int[2];
        int result = Sys.socketpair(Uapi.AF_UNIX, Uapi.SOCK_SEQPACKET, two);
        if (result < 0)
            throw new FaultException(new Fault("cannot make a socket pair") { Syscall = "socketpair", Errno = -result });
        _socket = new Fd(two[0]);
        using Fd other = new(two[1]);
        long pid = Raw.clone(Uapi.CLONE_NEWUSER | Uapi.SIGCHLD, null);
        if (pid == 0)
            Holder.Run(two[0], two[1]);
        if (pid < 0)
        {
            _socket.Dispose();
            throw new FaultException(new Fault("cannot make a user namespace for the mapping")
            {
                Field = field,
                Syscall = "clone",
                Errno = (int)-pid,
                Hint = "are user namespaces allowed (sysctl user.max_user_namespaces)?",
            });
        }

        _pid = (int)pid;
    }

    public int Pid => _pid;

    /// <summary>A descriptor of a new user namespace with these maps; the process that held it is gone.</summary>
    public static Fd Make(IdMapping[] uids, IdMapping[] gids, string uidField, string gidField)
    {
        using NamespaceHolder holder = new(uidField);
        IdMaps.Write(holder.Pid, uids, gids, uidField, gidField);
        return Open(holder.Pid, uidField);
    }

    /// <summary>The user namespace of a child of this process that was not waited for, so its pid is no other's.</summary>
    public static Fd Open(int pid, string field)
    {
        Fd file = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{pid}/ns/user"), Uapi.O_RDONLY));
        int type = file.Number < 0 ? file.Number : Sys.ioctl(file.Number, Uapi.NS_GET_NSTYPE, null);
        if (type == unchecked((int)Uapi.CLONE_NEWUSER))
            return file;
        file.Dispose();
        throw new FaultException(new Fault("cannot open the user namespace of the mapping")
        {
            Field = field,
            Syscall = "openat",
            Errno = type < 0 ? -type : Errno.EINVAL,
            Hint = "is /proc mounted?",
        });
    }

    public void Dispose()
    {
        _socket.Dispose();
        if (_pid <= 0)
            return;
        Sys.kill(_pid, Uapi.SIGKILL);
        Sys.waitid(Uapi.P_PID, _pid, out _, Uapi.WEXITED | Uapi.__WALL);
        _pid = 0;
    }
}

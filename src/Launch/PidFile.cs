using System.Text;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>
/// The pid file: decimal digits without a newline, put in place by rename so that a reader that polls for it never
/// sees it half written (callers.md §16). What stands at its path, a link included, is replaced and not followed.
/// </summary>
internal static class PidFile
{
    public static void Write(string path, int pid)
    {
        int slash = path.LastIndexOf('/');
        byte[] directory = Sys.Bytes(slash <= 0 ? "/" : path[..slash]);
        byte[] name = Sys.Bytes(path[(slash + 1)..]);
        byte[] temporary = Sys.Bytes($".{path[(slash + 1)..]}.{Sys.getpid()}");
        using Fd parent = new(Sys.openat(Uapi.AT_FDCWD, directory, Uapi.O_PATH | Uapi.O_DIRECTORY));
        if (parent.Number < 0)
            throw Failed(path, "openat", parent.Number);
        int fd = Sys.openat(parent.Number, temporary, Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_EXCL | Uapi.O_NOFOLLOW, 0x1b6);
        if (fd < 0)
            throw Failed(path, "openat", fd);
        int result = Sys.WriteAll(fd, Encoding.ASCII.GetBytes(pid.ToString()));
        Sys.close(fd);
        string syscall = "write";
        if (result == 0)
        {
            syscall = "renameat2";
            result = Sys.renameat2(parent.Number, temporary, parent.Number, name);
        }

        if (result == 0)
            return;
        Sys.unlinkat(parent.Number, temporary, 0);
        throw Failed(path, syscall, result);
    }

    private static FaultException Failed(string path, string syscall, int result) => new(new Fault("cannot write the pid file")
    {
        Field = "--pid-file",
        Value = path,
        Syscall = syscall,
        Errno = -result,
    });
}

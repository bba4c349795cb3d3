using System;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.Validate;

namespace OciRun.Launch;

internal sealed partial class Creation
{
    // Looked up as in the container (execvp(3)). Where a mount could bring the program, only create can tell.
    private void CheckExecutable(Fd root, Findings findings)
    {
        Process process = _config.Process!;
        Utf8 name = process.Args![0];
        if (_config.Hooks is not null || name.Is("/"u8) || MountsMayBring())
            return;
        if (name.Span.Contains((byte)'/'))
        {
            int errno = Stat(root, InContainer(process, name), out uint found);
            string? reason = errno != 0 ? $"stat {name}: {Errno.Text(errno)}"
                : (found & Uapi.S_IFMT) == Uapi.S_IFDIR ? Failure.Directory
                : IsProgram(found) ? null
                : Errno.Text(Errno.EACCES);
            if (reason is not null)
                findings.Add(Severity.Error, Failure.Executable(name.ToString(), reason));
            return;
        }

        foreach (string directory in SearchPath(process).Split(':'))
        {
            Utf8 path = InContainer(process, $"{(directory.Length == 0 ? "." : directory)}/{name}");
            if (Stat(root, path, out uint mode) == 0 && IsProgram(mode))
                return;
        }

        findings.Add(Severity.Error, Failure.Executable(name.ToString(), "executable file not found in $PATH"));
    }

    private static bool IsProgram(uint mode) => (mode & Uapi.S_IFMT) == Uapi.S_IFREG && (mode & 0x49) != 0;

    private static string SearchPath(Process process)
    {
        string path = "";
        foreach (Utf8 variable in process.Env ?? [])
        {
            if (variable.StartsWith("PATH="u8))
                path = variable.Slice(5).ToString();
        }

        return path;
    }

    private static Utf8 InContainer(Process process, Utf8 path) => Paths.InRoot(Paths.Below(process.Cwd, path));

    // A link in the image may lead below any mount point; programs are not expected below these.
    private bool MountsMayBring()
    {
        foreach (Mount mount in _config.Mounts ?? [])
        {
            Utf8 target = Paths.InRoot(mount.Destination);
            if (!Paths.IsWithin(target, "proc"u8) && !Paths.IsWithin(target, "sys"u8) && !Paths.IsWithin(target, "dev"u8)
                && !Paths.IsWithin(target, "etc"u8) && !Paths.IsWithin(target, "run"u8) && !Paths.IsWithin(target, "tmp"u8))
                return true;
        }

        return false;
    }

    private static int Stat(Fd root, Utf8 path, out uint mode)
    {
        mode = 0;
        using Fd file = new(Sys.openat2(root.Number, path.Span, Uapi.O_PATH, Uapi.RESOLVE_IN_ROOT));
        if (file.Number < 0)
            return -file.Number;
        int result = Sys.fstat(file.Number, out stat st);
        mode = st.st_mode;
        return -result;
    }
}

using OciRun.Child;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>Runs a program of the host and waits for it.</summary>
internal static unsafe class Spawn
{
    /// <summary>Exit status, 128 plus the signal for one that was killed, 127 when it could not be run.</summary>
    public static int Wait(byte* path, byte** argv, byte** envp)
    {
        const int SIGCHLD = Uapi.SIGCHLD;
        long pid = Raw.clone(SIGCHLD, null);
        if (pid == 0)
            Exec.Run(path, argv, envp);
        if (pid < 0)
            throw new FaultException(new Fault("cannot start a program") { Syscall = "clone", Errno = (int)-pid });
        Sys.waitid(Uapi.P_PID, (int)pid, out siginfo_t info, Uapi.WEXITED);
        return ExitStatus(info);
    }

    /// <summary>The shell's convention: the status, or 128 plus the signal.</summary>
    public static int ExitStatus(in siginfo_t info) =>
        info.si_code == Uapi.CLD_EXITED ? info.si_status : 128 + (info.si_status & 0x7f);
}

using System;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>The attached half of run: passes signals on, adopts orphans, copies the terminal, returns the status.</summary>
internal static unsafe class Foreground
{
    /// <summary>Exit status of the process, or 128 plus the signal that killed it.</summary>
    /// <param name="pid">The container's process, a child of this one.</param>
    /// <param name="pidfd">A pidfd of it.</param>
    /// <param name="signals">Non-blocking signalfd of all signals, which are blocked.</param>
    /// <param name="master">Master of its terminal, or null.</param>
    public static int Wait(int pid, Fd pidfd, Fd signals, Fd? master)
    {
        using Terminal? terminal = master is null ? null : new Terminal(master);
        Span<pollfd> wait = stackalloc pollfd[5];
        wait[0] = new pollfd { fd = signals.Number, events = Uapi.POLLIN };
        wait[1] = new pollfd { fd = pidfd.Number, events = Uapi.POLLIN };
        int? status = null;
        while (status is null)
        {
            int count = 2 + (terminal?.Watch(wait[2..]) ?? 0);
            Sys.ppoll(wait[..count], -1);
            terminal?.Copy(wait[2..count]);
            if ((wait[0].revents & Uapi.POLLIN) != 0)
                status = HandleSignals(pid, pidfd, signals, terminal);
            if (status is null && (wait[1].revents & Uapi.POLLIN) != 0)
                status = Reap(pid);
        }

        terminal?.Drain();
        return status.Value;
    }

    private static int? HandleSignals(int pid, Fd pidfd, Fd signals, Terminal? terminal)
    {
        int? status = null;
        signalfd_siginfo info = default;
        while (Sys.read(signals.Number, new Span<byte>(&info, sizeof(signalfd_siginfo))) == sizeof(signalfd_siginfo))
        {
            switch ((int)info.ssi_signo)
            {
                case Uapi.SIGCHLD:
                    status ??= Reap(pid);
                    break;
                case Uapi.SIGWINCH when terminal is not null:
                    terminal.Resize();
                    break;
                case Uapi.SIGURG or Uapi.SIGPIPE:
                    break;
                default:
                    Sys.pidfd_send_signal(pidfd.Number, (int)info.ssi_signo);
                    break;
            }
        }

        return status;
    }

    // As a subreaper this process gets the container's orphans too; only one status matters.
    private static int? Reap(int pid)
    {
        int? status = null;
        while (Sys.waitid(Uapi.P_ALL, 0, out siginfo_t info, Uapi.WEXITED | Uapi.WNOHANG | Uapi.__WALL) == 0 && info.si_pid != 0)
        {
            if (info.si_pid == pid)
                status = Spawn.ExitStatus(info);
        }

        return status;
    }
}

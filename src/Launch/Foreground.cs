using System;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>The attached half of run and exec: passes signals on, adopts orphans, copies the terminal, returns the status.</summary>
internal static unsafe class Foreground
{
    /// <summary>Exit status of the process, or 128 plus the signal that killed it.</summary>
    /// <param name="pid">The container's process, a child of this one.</param>
    /// <param name="pidfd">A pidfd of it.</param>
    /// <param name="signals">Non-blocking signalfd of all signals, which are blocked.</param>
    /// <param name="master">Master of its terminal, or null.</param>
    /// <param name="notify">The container's notify socket, or null.</param>
    public static int Wait(int pid, Fd pidfd, Fd signals, Fd? master, NotifySocket? notify = null)
    {
        using Terminal? terminal = master is null ? null : new Terminal(master);
        Span<pollfd> wait = stackalloc pollfd[3 + Terminal.Watched];
        wait[0] = new pollfd { fd = signals.Number, events = Uapi.POLLIN };
        wait[1] = new pollfd { fd = pidfd.Number, events = Uapi.POLLIN };
        int? status = null;
        while (status is null)
        {
            wait[2] = new pollfd { fd = notify?.Number ?? -1, events = Uapi.POLLIN };
            int count = 3 + (terminal?.Watch(wait[3..]) ?? 0);
            Sys.ppoll(wait[..count], notify?.Changes ?? -1);
            terminal?.Copy(wait[3..count]);

            // The service manager goes on watching this process, whose exit status is the container's.
            if (wait[2].revents != 0)
                notify!.Receive(Sys.getpid());
            if ((wait[0].revents & Uapi.POLLIN) != 0)
                status = HandleSignals(pid, pidfd, signals, terminal);
            if (status is null && (wait[1].revents & Uapi.POLLIN) != 0)
                status = Reap(pid);
        }

        terminal?.Drain(signals);
        return status.Value;
    }

    private static int? HandleSignals(int pid, Fd pidfd, Fd signals, Terminal? terminal)
    {
        int? status = null;
        signalfd_siginfo info = default;
        while (Sys.read(signals.Number, new Span<byte>(&info, sizeof(signalfd_siginfo))) == sizeof(signalfd_siginfo))
        {
            int signal = (int)info.ssi_signo;
            switch (signal)
            {
                case Uapi.SIGCHLD:
                    status ??= Reap(pid);
                    break;
                case Uapi.SIGWINCH when terminal is not null:
                    terminal.Resize();
                    break;
                case Uapi.SIGURG or Uapi.SIGPIPE:
                    break;
                case Uapi.SIGTSTP:
                    Sys.pidfd_send_signal(pidfd.Number, signal);

                    // A key of the caller's terminal, which is not the container's, means this process.
                    if (terminal is not null || info.ssi_code == Uapi.SI_KERNEL)
                        Suspend(terminal);
                    break;
                default:
                    if (signal == Uapi.SIGCONT)
                        terminal?.Resume();
                    Sys.pidfd_send_signal(pidfd.Number, signal);
                    break;
            }
        }

        return status;
    }

    // Job control: the shell gets its terminal back as it was, and continues this process when it is wanted again.
    private static void Suspend(Terminal? terminal)
    {
        terminal?.Suspend();
        Sys.kill(Sys.getpid(), Uapi.SIGSTOP);
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

using System;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

internal sealed unsafe partial class NotifySocket
{
    // As long as systemd's own programs wait (sd_notify_barrier(3)).
    private const int BarrierLimit = 30_000;

    private Fd? _barrier;

    /// <summary>
    /// Waits until the container has said that it is ready and the service manager has taken note, or the container has
    /// ended. Exit status: 0, or 128 plus the signal that ended the wait; the container runs on then.
    /// </summary>
    /// <param name="pid">The container's process.</param>
    /// <param name="pidfd">A pidfd of it.</param>
    /// <param name="signals">Non-blocking signalfd when signals are blocked, else null.</param>
    public int AwaitReady(int pid, Fd pidfd, Fd? signals)
    {
        Span<pollfd> wait = stackalloc pollfd[3];
        wait[0] = new pollfd { fd = pidfd.Number, events = Uapi.POLLIN };
        wait[1] = new pollfd { fd = signals?.Number ?? -1, events = Uapi.POLLIN };
        while (!IsReady)
        {
            wait[2] = new pollfd { fd = Number, events = Uapi.POLLIN };
            Sys.ppoll(wait, Changes);

            // What it said last may say that it was ready.
            if ((wait[2].revents | wait[0].revents) != 0)
                Receive(pid);
            if (!IsReady && wait[0].revents != 0)
                return 0;
            if (Interrupted(wait[1], signals) is int signal)
                return 128 + signal;
        }

        return AwaitBarrier(wait, signals);
    }

    // The service manager knows a sender while it lives: this process must not end before its words were read.
    private int AwaitBarrier(Span<pollfd> wait, Fd? signals)
    {
        long end = Environment.TickCount64 + BarrierLimit;
        wait[0] = new pollfd { fd = -1 };
        wait[2] = new pollfd { fd = _barrier?.Number ?? -1, events = Uapi.POLLIN };
        while (_barrier is not null && Environment.TickCount64 < end)
        {
            Sys.ppoll(wait, Math.Max(1, end - Environment.TickCount64));
            if (wait[2].revents != 0)
                return 0;
            if (Interrupted(wait[1], signals) is int signal)
                return 128 + signal;
        }

        if (_barrier is not null)
            Log.Warning($"NOTIFY_SOCKET \"{Host}\": the barrier was not answered within 30 s");
        return 0;
    }

    private static int? Interrupted(pollfd wait, Fd? signals)
    {
        signalfd_siginfo info = default;
        while (wait.revents != 0
            && Sys.read(signals!.Number, new Span<byte>(&info, sizeof(signalfd_siginfo))) == sizeof(signalfd_siginfo))
        {
            if (info.ssi_signo is Uapi.SIGINT or Uapi.SIGTERM or Uapi.SIGHUP or Uapi.SIGQUIT)
                return (int)info.ssi_signo;
        }

        return null;
    }

    private void Tell(ReadOnlySpan<byte> ready, int mainPid)
    {
        long result = Sys.send(_host.Number, [.. ready, (byte)'\n']);
        if (result >= 0)
            result = Sys.send(_host.Number, Encoding.ASCII.GetBytes($"MAINPID={mainPid}\n"));
        if (result >= 0)
            result = SendBarrier();
        if (result < 0)
            Log.Warning($"NOTIFY_SOCKET \"{Host}\": cannot tell that the container is ready ({Errno.Name((int)-result)})");
    }

    // Whoever has read everything before it closes the write end.
    private long SendBarrier()
    {
        int* two = stackalloc int[2];
        long result = Raw.pipe2(two, Uapi.O_CLOEXEC);
        if (result < 0)
            return result;
        using Fd write = new(two[1]);
        Fd read = new(two[0]);
        result = Sys.sendmsg(_host.Number, "BARRIER=1"u8, write.Number);
        if (result >= 0)
            _barrier = read;
        else
            read.Dispose();
        return result;
    }
}

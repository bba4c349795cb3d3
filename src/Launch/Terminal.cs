using System;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>
/// Couples the caller's terminal with the container's: raw mode while it runs, bytes both ways, window size; the
/// caller's settings come back however the run ends.
/// </summary>
internal sealed unsafe partial class Terminal : IDisposable
{
    /// <summary>How many entries <see cref="Watch"/> fills in.</summary>
    public const int Watched = 3;

    // What a pipe that poll(2) says is writable takes without blocking (PIPE_BUF).
    private const int BlockSize = 4096;

    // More than a terminal holds: what comes after the end of its program is of others, who may never stop.
    private const int LargestRest = 256 << 10;

    // ^D, VEOF: the end of the input, after a line; what stands before it on a line is only delivered by it.
    private const byte EndOfFile = 4;

    private readonly Fd _master;
    private readonly Fd? _ownOutput;
    private readonly byte[] _input = new byte[BlockSize];
    private readonly byte[] _output = new byte[BlockSize];
    private int _inputLength;
    private int _outputLength;
    private bool _inputOpen = true;
    private bool _outputOpen = true;
    private bool _midLine;

    public Terminal(Fd master)
    {
        _master = master;
        Sys.fcntl(master.Number, Uapi.F_SETFL, Sys.fcntl(master.Number, Uapi.F_GETFL) | Uapi.O_NONBLOCK);
        _ownOutput = OpenOutput();
        TakeCallers();
    }

    private int Output => _ownOutput?.Number ?? 1;

    /// <summary>Gives a new terminal what its program may see from the start: the caller's size, and no carriage returns.</summary>
    public static void Adopt(Fd master)
    {
        Fit(master);

        // The caller's terminal keeps its output processing and adds them.
        termios slave;
        if (Sys.ioctl(master.Number, Uapi.TCGETS, &slave) == 0)
        {
            slave.c_oflag &= ~Uapi.ONLCR;
            Sys.ioctl(master.Number, Uapi.TCSETS, &slave);
        }
    }

    /// <summary>Fills in what to wait for; returns how many entries (at most three).</summary>
    public int Watch(Span<pollfd> wait)
    {
        bool wantsInput = _inputOpen && _inputLength == 0;
        short master = 0;
        if (_outputOpen && _outputLength == 0)
            master |= Uapi.POLLIN;
        if (_inputLength > 0)
            master |= Uapi.POLLOUT;
        wait[0] = new pollfd { fd = wantsInput ? 0 : -1, events = Uapi.POLLIN };
        wait[1] = new pollfd { fd = _outputOpen && master != 0 ? _master.Number : -1, events = master };
        wait[2] = new pollfd { fd = _outputLength > 0 ? Output : -1, events = Uapi.POLLOUT };
        return Watched;
    }

    /// <summary>Moves what the last wait found.</summary>
    public void Copy(ReadOnlySpan<pollfd> wait)
    {
        if (wait[0].revents != 0)
            ReadInput();
        if ((wait[1].revents & Uapi.POLLOUT) != 0 && _inputLength > 0)
            Advance(_input, ref _inputLength, Sys.write(_master.Number, _input.AsSpan(0, _inputLength)));
        if ((wait[1].revents & ~Uapi.POLLOUT) != 0 && _outputLength == 0)
            ReadOutput();
        if (wait[2].revents != 0 && _outputLength > 0)
            WriteOutput();
    }

    /// <summary>Writes what the container said last, for as long as somebody takes it and no signal ends the wait.</summary>
    /// <param name="signals">Non-blocking signalfd.</param>
    public void Drain(Fd signals)
    {
        Span<pollfd> wait = stackalloc pollfd[2];
        int left = LargestRest;
        while (true)
        {
            if (_outputLength == 0)
            {
                if (!_outputOpen || left <= 0)
                    return;
                ReadOutput();
                left -= _outputLength;
                if (_outputLength == 0)
                    return;
            }

            WriteOutput();
            if (_outputLength == 0)
                continue;
            wait[0] = new pollfd { fd = Output, events = Uapi.POLLOUT };
            wait[1] = new pollfd { fd = signals.Number, events = Uapi.POLLIN };
            Sys.ppoll(wait, -1);
            if (wait[1].revents != 0 && IsInterrupted(signals))
                return;
        }
    }

    public void Resize() => Fit(_master);

    public void Dispose()
    {
        GiveBackCallers();
        _ownOutput?.Dispose();
        _master.Dispose();
    }

    /// <summary>Gives the container's terminal the size of the caller's.</summary>
    private static void Fit(Fd master)
    {
        winsize size;
        for (int fd = 0; fd < 3; fd++)
        {
            if (Sys.ioctl(fd, Uapi.TIOCGWINSZ, &size) != 0)
                continue;
            Sys.ioctl(master.Number, Uapi.TIOCSWINSZ, &size);
            return;
        }
    }

    // A blocking write would keep signals waiting while nobody reads, and the flag for it belongs to everybody who shares
    // the open file; so a terminal or a pipe is opened once more.
    private static Fd? OpenOutput()
    {
        if (Sys.fstat(1, out stat st) < 0 || (st.st_mode & Uapi.S_IFMT) is not (Uapi.S_IFCHR or Uapi.S_IFIFO))
            return null;
        Fd own = new(Sys.openat(Uapi.AT_FDCWD, "/proc/self/fd/1"u8, Uapi.O_WRONLY | Uapi.O_NONBLOCK | Uapi.O_NOCTTY));
        return own.Number < 0 ? null : own;
    }

    private static bool IsInterrupted(Fd signals)
    {
        signalfd_siginfo info = default;
        while (Sys.read(signals.Number, new Span<byte>(&info, sizeof(signalfd_siginfo))) == sizeof(signalfd_siginfo))
        {
            if (info.ssi_signo is Uapi.SIGINT or Uapi.SIGTERM or Uapi.SIGHUP or Uapi.SIGQUIT)
                return true;
        }

        return false;
    }

    private static void Advance(byte[] buffer, ref int length, long written)
    {
        if (written <= 0)
            return;
        length -= (int)written;
        Array.Copy(buffer, (int)written, buffer, 0, length);
    }

    // The end of the input is passed on as the terminal's own end-of-file character.
    private void ReadInput()
    {
        long n = Sys.read(0, _input);
        if (n > 0)
        {
            _inputLength = (int)n;
            _midLine = _input[n - 1] is not ((byte)'\n' or (byte)'\r');
            return;
        }

        if (n == -Errno.EAGAIN)
            return;
        _inputOpen = false;
        if (n == 0)
        {
            _input[_inputLength++] = EndOfFile;
            if (_midLine)
                _input[_inputLength++] = EndOfFile;
        }
    }

    // EIO says that the last process of the container closed the slave.
    private void ReadOutput()
    {
        long n = Sys.read(_master.Number, _output);
        if (n > 0)
            _outputLength = (int)n;
        else if (n != -Errno.EAGAIN)
            _outputOpen = false;
    }

    // Nobody may be there any more; the container need not suffer for it.
    private void WriteOutput()
    {
        long n = Sys.write(Output, _output.AsSpan(0, _outputLength));
        if (n is < 0 and not -Errno.EAGAIN)
            _outputLength = 0;
        else
            Advance(_output, ref _outputLength, n);
    }
}

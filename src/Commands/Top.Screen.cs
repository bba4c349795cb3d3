using System;
using System.Text;
using OciRun.Kernel;

namespace OciRun.Commands;

/// <summary>The terminal while <c>top</c> has it: another screen without a cursor, single keys; given back when disposed.</summary>
internal sealed unsafe class TopScreen : IDisposable
{
    private const int Stdin = 0;
    private const int Stdout = 1;

    private readonly termios _saved;
    private readonly bool _keys;

    private TopScreen()
    {
        termios current;
        _keys = Sys.ioctl(Stdin, Uapi.TCGETS, &current) == 0;
        if (_keys)
        {
            // Ctrl-C arrives as a key, so that it too ends by giving the terminal back.
            _saved = current;
            current.c_lflag &= ~(Uapi.ECHO | Uapi.ECHONL | Uapi.ICANON | Uapi.ISIG);
            current.c_cc[Uapi.VMIN] = 0;
            current.c_cc[Uapi.VTIME] = 0;
            Sys.ioctl(Stdin, Uapi.TCSETS, &current);
        }

        Output.TryWrite("\e[?1049h\e[?25l"u8);
    }

    /// <summary>Takes the terminal; null when standard output is none.</summary>
    public static TopScreen? Open()
    {
        winsize size;
        return Sys.ioctl(Stdout, Uapi.TIOCGWINSZ, &size) == 0 ? new TopScreen() : null;
    }

    /// <summary>Waits for the timer, a key, a signal or the reader's end.</summary>
    public static TopEvent Wait(TopScreen? screen, Fd timer, TopSignals signals)
    {
        Span<pollfd> wait =
        [
            new pollfd { fd = timer.Number, events = Uapi.POLLIN },
            new pollfd { fd = signals.Number, events = Uapi.POLLIN },
            new pollfd { fd = screen is { _keys: true } ? Stdin : -1, events = Uapi.POLLIN },
            new pollfd { fd = Stdout },
        ];
        Span<byte> expirations = stackalloc byte[8];
        while (true)
        {
            Sys.ppoll(wait, -1);
            if ((wait[3].revents & (Uapi.POLLERR | Uapi.POLLHUP)) != 0)
                return TopEvent.Quit;
            if (wait[1].revents != 0)
            {
                int signal = signals.Next();
                if (signal == Uapi.SIGWINCH)
                    return TopEvent.Resize;
                if (signal != 0)
                    return TopEvent.Quit;
            }

            if (wait[2].revents != 0 && AsksToQuit())
                return TopEvent.Quit;
            if (Sys.read(timer.Number, expirations) == 8)
                return TopEvent.Tick;
        }
    }

    /// <summary>Shows as much of the table as there is room for; false when the terminal is gone.</summary>
    public static bool Show(TopTable table)
    {
        winsize size;
        if (Sys.ioctl(Stdout, Uapi.TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
            size = new winsize { ws_row = 24, ws_col = 80 };
        StringBuilder text = new("\e[H");
        string[] lines = table.Text(size.ws_row, size.ws_col).TrimEnd('\n').Split('\n');
        for (int i = 0; i < lines.Length; i++)
            text.Append(i == 0 ? "" : "\r\n").Append(i == 0 ? "\e[7m" : "").Append(lines[i]).Append(i == 0 ? "\e[m" : "").Append("\e[K");
        return Output.TryWrite(Sys.Bytes(text.Append("\e[J").ToString()));
    }

    public void Dispose()
    {
        Output.TryWrite("\e[?25h\e[?1049l"u8);
        if (!_keys)
            return;
        fixed (termios* saved = &_saved)
            Sys.ioctl(Stdin, Uapi.TCSETS, saved);
    }

    // q, Ctrl-C, Ctrl-D, or the end of the input.
    private static bool AsksToQuit()
    {
        Span<byte> keys = stackalloc byte[64];
        long n = Sys.read(Stdin, keys);
        return n <= 0 || keys[..(int)n].IndexOfAny("qQ\x03\x04"u8) >= 0;
    }
}

/// <summary>The signals that end <c>top</c> or change the screen, read from a descriptor.</summary>
/// <remarks>The ending ones are blocked before the language runtime starts (src/Launch/seal.c), so in all its threads.</remarks>
internal sealed unsafe class TopSignals : IDisposable
{
    private readonly Fd _signals;

    public TopSignals()
    {
        ulong set = 0;
        foreach (int signal in (ReadOnlySpan<int>)[Uapi.SIGHUP, Uapi.SIGINT, Uapi.SIGQUIT, Uapi.SIGTERM, Uapi.SIGWINCH])
            set |= 1UL << (signal - 1);
        _signals = new Fd(Sys.signalfd4(set, Uapi.SFD_CLOEXEC | Uapi.SFD_NONBLOCK));
    }

    public int Number => _signals.Number;

    /// <summary>Number of the next signal, 0 when there is none.</summary>
    public int Next()
    {
        signalfd_siginfo info = default;
        return Sys.read(_signals.Number, new Span<byte>(&info, sizeof(signalfd_siginfo))) == sizeof(signalfd_siginfo) ? (int)info.ssi_signo : 0;
    }

    public void Dispose() => _signals.Dispose();
}

using System;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>
/// Couples the caller's terminal with the container's: raw mode while it runs, bytes both ways, window size; the
/// caller's settings come back however the run ends.
/// </summary>
internal sealed unsafe class Terminal : IDisposable
{
    private const int BlockSize = 8192;

    private readonly Fd _master;
    private readonly byte[] _input = new byte[BlockSize];
    private readonly byte[] _output = new byte[BlockSize];
    private readonly bool _isTerminal;
    private readonly termios _saved;
    private int _inputLength;
    private int _outputLength;
    private bool _inputOpen = true;
    private bool _outputOpen = true;

    public Terminal(Fd master)
    {
        _master = master;
        Sys.fcntl(master.Number, Uapi.F_SETFL, Sys.fcntl(master.Number, Uapi.F_GETFL) | Uapi.O_NONBLOCK);
        termios current;
        _isTerminal = Sys.ioctl(0, Uapi.TCGETS, &current) == 0;
        if (_isTerminal)
        {
            _saved = current;
            MakeRaw(&current);
            Sys.ioctl(0, Uapi.TCSETS, &current);
            Resize();
        }
    }

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
        wait[2] = new pollfd { fd = _outputLength > 0 ? 1 : -1, events = Uapi.POLLOUT };
        return 3;
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

    /// <summary>Writes what the container said last.</summary>
    public void Drain()
    {
        do
        {
            while (_outputLength > 0)
                WriteOutput();
            if (_outputOpen)
                ReadOutput();
        }
        while (_outputLength > 0);
    }

    public void Resize() => Fit(_master);

    /// <summary>Gives the container's terminal the size of the caller's.</summary>
    private static void Fit(Fd master)
    {
        winsize size;
        if (Sys.ioctl(0, Uapi.TIOCGWINSZ, &size) == 0)
            Sys.ioctl(master.Number, Uapi.TIOCSWINSZ, &size);
    }

    public void Dispose()
    {
        if (_isTerminal)
        {
            fixed (termios* saved = &_saved)
                Sys.ioctl(0, Uapi.TCSETS, saved);
        }

        _master.Dispose();
    }

    private static void MakeRaw(termios* t)
    {
        t->c_iflag &= ~(Uapi.IGNBRK | Uapi.BRKINT | Uapi.PARMRK | Uapi.ISTRIP | Uapi.INLCR | Uapi.IGNCR | Uapi.ICRNL | Uapi.IXON);
        t->c_lflag &= ~(Uapi.ECHO | Uapi.ECHONL | Uapi.ICANON | Uapi.ISIG | Uapi.IEXTEN);
        t->c_cflag = (t->c_cflag & ~(Uapi.CSIZE | Uapi.PARENB)) | Uapi.CS8;
        t->c_cc[Uapi.VMIN] = 1;
        t->c_cc[Uapi.VTIME] = 0;
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
            return;
        }

        _inputOpen = false;
        if (n == 0)
        {
            _input[0] = 4;
            _inputLength = 1;
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

    private void WriteOutput()
    {
        long n = Sys.write(1, _output.AsSpan(0, _outputLength));
        if (n is < 0 and not -Errno.EAGAIN)
            _outputLength = 0;
        else
            Advance(_output, ref _outputLength, n);
    }
}

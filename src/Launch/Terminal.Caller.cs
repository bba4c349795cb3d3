using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>The caller's terminal: whose it is, and how it is set.</summary>
internal sealed unsafe partial class Terminal
{
    // Being continued in the background stops it again; where no shell looks after its group, nothing stops it.
    private const int MostStops = 10;

    private bool _isTerminal;
    private bool _isRaw;
    private bool _isSuspended;
    private termios _saved;

    /// <summary>Gives the caller's terminal back until <see cref="Resume"/>.</summary>
    public void Suspend()
    {
        _isSuspended = _isRaw;
        Restore();
    }

    /// <summary>After a stop: whoever had the terminal meanwhile may have set it in another way.</summary>
    public void Resume()
    {
        if (!_isTerminal || !WaitForForeground())
            return;
        MakeRaw(save: _isSuspended || !_isRaw);
        _isSuspended = false;
        Resize();
    }

    // While it is coupled, the kernel stops this process when it touches the terminal from the background, as it does with
    // every program, although all signals are blocked otherwise.
    private void TakeCallers()
    {
        termios current;
        _isTerminal = Sys.ioctl(0, Uapi.TCGETS, &current) == 0;
        if (!_isTerminal)
            return;
        Sys.sigprocmask(Uapi.SIG_UNBLOCK, Uapi.SIGTTIN);
        Sys.sigprocmask(Uapi.SIG_UNBLOCK, Uapi.SIGTTOU);
        if (WaitForForeground())
            MakeRaw(save: true);
        Resize();
    }

    // Blocked again, SIGTTOU does not keep this from working in the background.
    private void GiveBackCallers()
    {
        if (!_isTerminal)
            return;
        Sys.sigprocmask(Uapi.SIG_BLOCK, Uapi.SIGTTIN);
        Sys.sigprocmask(Uapi.SIG_BLOCK, Uapi.SIGTTOU);
        Restore();
    }

    private void Restore()
    {
        if (!_isRaw)
            return;
        _isRaw = false;
        fixed (termios* saved = &_saved)
            Sys.ioctl(0, Uapi.TCSETS, saved);
    }

    // The whole group is stopped, as the kernel does it for a write of settings. Asked before the settings are read: those
    // of now are of whoever is in the foreground.
    private static bool WaitForForeground()
    {
        for (int i = 0; i < MostStops; i++)
        {
            if (!IsInBackground())
                return true;
            Sys.kill(0, Uapi.SIGTTOU);
        }

        return false;
    }

    // There is no job control on a terminal that does not control this process.
    private static bool IsInBackground()
    {
        int group;
        return Sys.ioctl(0, Uapi.TIOCGPGRP, &group) == 0 && group != Sys.getpgrp();
    }

    private void MakeRaw(bool save)
    {
        termios t;
        if (Sys.ioctl(0, Uapi.TCGETS, &t) != 0)
            return;
        if (save)
            _saved = t;
        t.c_iflag &= ~(Uapi.IGNBRK | Uapi.BRKINT | Uapi.PARMRK | Uapi.ISTRIP | Uapi.INLCR | Uapi.IGNCR | Uapi.ICRNL | Uapi.IXON);
        t.c_lflag &= ~(Uapi.ECHO | Uapi.ECHONL | Uapi.ICANON | Uapi.ISIG | Uapi.IEXTEN);
        t.c_cflag = (t.c_cflag & ~(Uapi.CSIZE | Uapi.PARENB)) | Uapi.CS8;
        t.c_cc[Uapi.VMIN] = 1;
        t.c_cc[Uapi.VTIME] = 0;
        _isRaw = Sys.ioctl(0, Uapi.TCSETS, &t) == 0;
    }
}

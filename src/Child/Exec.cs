using OciRun.Kernel;

namespace OciRun.Child;

/// <summary>The child side of running a host program: signals as a program expects them, then execve.</summary>
internal static unsafe class Exec
{
    /// <summary>Never returns; 127 is the status of a program that could not be run.</summary>
    public static void Run(byte* path, byte** argv, byte** envp)
    {
        unchecked
        {
            DefaultSignals();
            Raw.execve(path, argv, envp);
            while (true)
                Raw.exit_group(127);
        }
    }

    /// <summary>Default dispositions and no signal blocked.</summary>
    public static void DefaultSignals()
    {
        unchecked
        {
            sigaction action = default;
            for (int signal = 1; signal <= 64; signal++)
            {
                if (signal is not Uapi.SIGKILL and not Uapi.SIGSTOP)
                    Raw.rt_sigaction(signal, &action, null);
            }

            ulong none = 0;
            Raw.rt_sigprocmask(Uapi.SIG_SETMASK, &none, null);
        }
    }
}

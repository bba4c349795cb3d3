using System.Runtime.InteropServices;
using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

/// <summary>How a hook ended.</summary>
internal enum HookEnd
{
    /// <summary>With the exit status in <see cref="HookResult.Status"/>.</summary>
    Exited,

    /// <summary>By the signal in <see cref="HookResult.Status"/>.</summary>
    Killed,

    /// <summary>It was killed because its time was over.</summary>
    TimedOut,

    /// <summary>It was killed because one of the watched descriptors became readable.</summary>
    Interrupted,

    /// <summary>It could not be started: the negative errno of the call in <see cref="HookResult.Syscall"/>.</summary>
    NotStarted,
}

/// <summary>Result of a hook.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct HookResult
{
    public HookEnd End;
    public int Status;
    public int Syscall;

    /// <summary>Bytes of its output that were kept.</summary>
    public int Kept;
}

/// <summary>
/// Runs one hook and waits for it. Also the child of a container does this after clone, so the rules of this room hold:
/// raw system calls, no allocation.
/// </summary>
internal static unsafe class HookRunner
{
    // Reads of what a hook has left behind in its pipe, so that a descendant that goes on writing is no hindrance.
    private const int LastReads = 64;

    private const int BlockSize = 1024;

    /// <param name="hook">What to run.</param>
    /// <param name="pid">The container's process as the hook is to see it.</param>
    /// <param name="directory">Working directory by descriptor, or -1.</param>
    /// <param name="watched">Two descriptors whose readability ends the hook, each -1 for none.</param>
    /// <param name="output">Where the beginning of what it writes is kept.</param>
    /// <param name="capacity">Size of <paramref name="output"/>.</param>
    public static HookResult Run(HookStep* hook, int pid, int directory, int* watched, byte* output, int capacity)
    {
        unchecked
        {
            HookResult result = default;
            int* pipe = stackalloc int[2];
            int* failure = stackalloc int[2];
            int stateCall;
            long state = State(hook, pid, &stateCall);
            if (state < 0)
                return NotStarted(stateCall, state);
            long made = Raw.pipe2(pipe, Uapi.O_CLOEXEC);
            if (made < 0)
            {
                Raw.close((int)state);
                return NotStarted(SYS.pipe2, made);
            }

            made = Raw.pipe2(failure, Uapi.O_CLOEXEC);
            int pidfd = -1;
            int parent = Raw.getpid();
            long child = made < 0 ? made : Raw.clone(Uapi.CLONE_PIDFD | Uapi.SIGCHLD, &pidfd);
            if (child == 0)
                Become(hook, directory, (int)state, pipe[1], failure[1], parent);
            Raw.close((int)state);
            Raw.close(pipe[1]);
            if (made >= 0)
                Raw.close(failure[1]);
            if (child < 0)
                result = NotStarted(made < 0 ? SYS.pipe2 : SYS.clone, child);
            else
            {
                result = Wait(hook, (int)child, pidfd, pipe[0], watched, output, capacity);
                Raw.close(pidfd);
                Failed(failure[0], &result);
            }

            Raw.close(pipe[0]);
            if (made >= 0)
                Raw.close(failure[0]);
            return result;
        }
    }

    private static HookResult NotStarted(int syscall, long result) => new()
    {
        End = HookEnd.NotStarted,
        Syscall = syscall,
        Status = unchecked((int)result),
    };

    // A file in memory: it holds any size, needs nobody who writes while the hook reads, and ends where the state ends.
    private static long State(HookStep* hook, int pid, int* syscall)
    {
        unchecked
        {
            *syscall = SYS.memfd_create;
            long file;
            fixed (byte* name = "state"u8)
                file = Raw.memfd_create(name, Uapi.MFD_CLOEXEC);
            if (file < 0)
                return file;
            byte* digits = stackalloc byte[12];
            int at = 12;
            do
            {
                digits[--at] = (byte)('0' + (pid % 10));
                pid /= 10;
            }
            while (pid > 0);
            *syscall = SYS.write;
            long put = Put((int)file, hook->StateHead, hook->StateHeadLength);
            if (put >= 0)
                put = Put((int)file, digits + at, 12 - at);
            if (put >= 0)
                put = Put((int)file, hook->StateTail, hook->StateTailLength);
            if (put >= 0)
            {
                Raw.lseek((int)file, 0, 0);
                return file;
            }

            Raw.close((int)file);
            return put;
        }
    }

    private static long Put(int file, byte* text, int length)
    {
        long n = Raw.write(file, text, length);
        return n == length || n < 0 ? n : -Errno.EFBIG;
    }

    // In the hook's process: a session of its own, so that all of it can be killed; nothing inherited but the three streams;
    // no life beyond that of the process that waits for it, which may have ended already.
    private static void Become(HookStep* hook, int directory, int state, int output, int failure, int parent)
    {
        unchecked
        {
            Raw.prctl(Uapi.PR_SET_PDEATHSIG, Uapi.SIGKILL);
            if (Raw.getppid() != parent)
                Raw.kill(Raw.getpid(), Uapi.SIGKILL);
            Raw.setsid();
            long result = directory >= 0 ? Raw.fchdir(directory) : hook->Directory is not null ? Raw.chdir(hook->Directory) : 0;
            int syscall = directory >= 0 ? SYS.fchdir : SYS.chdir;

            // A bundle may be removed before its container is.
            if (result == -Errno.ENOENT)
            {
                fixed (byte* root = "/"u8)
                    result = Raw.chdir(root);
            }

            if (result >= 0)
            {
                Raw.dup3(state, 0, 0);
                Raw.dup3(hook->Output >= 0 ? hook->Output : output, 1, 0);
                Raw.dup3(hook->Errors >= 0 ? hook->Errors : output, 2, 0);
                Raw.dup3(failure, 3, Uapi.O_CLOEXEC);
                failure = 3;
                Raw.close_range(4, uint.MaxValue, 0);
                if (hook->Umask >= 0)
                    Raw.umask((uint)hook->Umask);
                Exec.DefaultSignals();
                result = Raw.execve(hook->Path, hook->Argv, hook->Envp);
                syscall = SYS.execve;
            }

            int* why = stackalloc int[2];
            why[0] = syscall;
            why[1] = (int)result;
            Raw.write(failure, why, 2 * sizeof(int));
            while (true)
                Raw.exit_group(127);
        }
    }

    // Closed by a successful execve, so that nothing is read then.
    private static void Failed(int failure, HookResult* result)
    {
        unchecked
        {
            int* why = stackalloc int[2];
            Raw.fcntl(failure, Uapi.F_SETFL, Uapi.O_NONBLOCK);
            if (result->End != HookEnd.Exited || Raw.read(failure, why, 2 * sizeof(int)) != 2 * sizeof(int))
                return;
            result->End = HookEnd.NotStarted;
            result->Syscall = why[0];
            result->Status = why[1];
        }
    }

    private static HookResult Wait(HookStep* hook, int child, int pidfd, int pipe, int* watched, byte* output, int capacity)
    {
        unchecked
        {
            HookResult result = default;
            Raw.fcntl(pipe, Uapi.F_SETFL, Uapi.O_NONBLOCK);
            pollfd* wait = stackalloc pollfd[4];
            wait[0].fd = pidfd;
            wait[1].fd = pipe;
            wait[2].fd = watched[0];
            wait[3].fd = watched[1];
            for (int i = 0; i < 4; i++)
                wait[i].events = Uapi.POLLIN;
            long end = hook->Timeout > 0 ? Now() + hook->Timeout : 0;
            while (true)
            {
                timespec left = default;
                if (end > 0)
                {
                    long milliseconds = end - Now();
                    if (milliseconds <= 0)
                        return Kill(child, HookEnd.TimedOut, result.Kept);
                    left.tv_sec = milliseconds / 1000;
                    left.tv_nsec = milliseconds % 1000 * 1_000_000;
                }

                for (int i = 0; i < 4; i++)
                    wait[i].revents = 0;
                Raw.ppoll(wait, 4, end > 0 ? &left : null, null);
                if (wait[1].revents != 0 && !Keep(pipe, output, capacity, &result.Kept))
                    wait[1].fd = -1;
                if (wait[0].revents != 0)
                    break;
                if (wait[2].revents != 0 || wait[3].revents != 0)
                    return Kill(child, HookEnd.Interrupted, result.Kept);
            }

            for (int i = 0; i < LastReads && wait[1].fd >= 0 && Keep(pipe, output, capacity, &result.Kept); i++)
            {
            }

            siginfo_t info;
            Raw.waitid(Uapi.P_PID, child, &info, Uapi.WEXITED | Uapi.__WALL);
            result.End = info.si_code == Uapi.CLD_EXITED ? HookEnd.Exited : HookEnd.Killed;
            result.Status = info.si_status & 0x7f;
            if (result.End == HookEnd.Exited)
                result.Status = info.si_status;
            return result;
        }
    }

    private static HookResult Kill(int child, HookEnd end, int kept)
    {
        unchecked
        {
            Raw.kill(-child, Uapi.SIGKILL);
            Raw.kill(child, Uapi.SIGKILL);
            siginfo_t info;
            Raw.waitid(Uapi.P_PID, child, &info, Uapi.WEXITED | Uapi.__WALL);
            return new HookResult { End = end, Kept = kept };
        }
    }

    // False when there is nothing to be read now, or nobody who could write.
    private static bool Keep(int pipe, byte* output, int capacity, int* kept)
    {
        unchecked
        {
            byte* block = stackalloc byte[BlockSize];
            long n = Raw.read(pipe, block, BlockSize);
            for (long i = 0; i < n && *kept < capacity; i++)
                output[(*kept)++] = block[i];
            return n > 0;
        }
    }

    private static long Now()
    {
        unchecked
        {
            timespec now;
            Raw.clock_gettime(Uapi.CLOCK_MONOTONIC, &now);
            return (now.tv_sec * 1000) + (now.tv_nsec / 1_000_000);
        }
    }
}

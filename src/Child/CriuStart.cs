using System.Runtime.CompilerServices;
using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

/// <summary>The child side of starting CRIU.</summary>
internal static unsafe class CriuStart
{
    /// <summary>Never returns: ends in execve, or with what failed in shared memory.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Run(CriuStep* s)
    {
        unchecked
        {
            int call = 0;
            long result = 0;
            for (int fd = 0; fd <= 2 && result >= 0 && s->Stdio >= 0; fd++)
            {
                call = SYS.dup3;
                result = Raw.dup3(s->Stdio, fd, 0);
            }

            for (int i = 0; i < s->DescriptorCount && result >= 0; i++)
            {
                call = SYS.dup3;
                result = Raw.dup3(s->Descriptors[i], 3 + i, 0);
            }

            if (result >= 0 && s->OwnCgroupNamespace != 0)
            {
                pollfd request = default;
                request.fd = 3;
                request.events = Uapi.POLLIN;
                call = SYS.ppoll;
                do
                    result = Raw.ppoll(&request, 1, null, null);
                while (result == -Errno.EINTR);
                if (result >= 0)
                {
                    call = SYS.unshare;
                    result = Raw.unshare(Uapi.CLONE_NEWCGROUP);
                }
            }

            if (result >= 0)
            {
                // What the caller left open is none of CRIU's business. Before Linux 5.9 what is ours closes by its flag.
                Raw.close_range((uint)(3 + s->DescriptorCount), uint.MaxValue, 0);
                Exec.DefaultSignals();
                call = SYS.execve;
                result = Raw.execve(s->Path, s->Argv, s->Envp);
            }

            s->Failure[0] = call;
            s->Failure[1] = (int)-result;
            while (true)
                Raw.exit_group(127);
        }
    }
}

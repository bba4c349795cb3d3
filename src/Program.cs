using OciRun.Commands;
using OciRun.Kernel;

namespace OciRun;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        Output.OpenStandardStreams();
        int status = Dispatch.Run(arguments);
        // Leaves without the runtime's shutdown, which has nothing left to do.
        Sys.exit_group(status);
        return status;
    }
}

using System.IO;

namespace OciRun.Tests.Integration.Callers;

/// <summary>
/// Calls the runtime as conmon does (callers.md §8): pipes that anybody may reopen, its own descriptors close-on-exec
/// behind variables that stay in the environment, the wait before any read.
/// </summary>
internal sealed class Conmon
{
    private readonly string[] head;

    public Conmon(Caller caller, params string[] runtimeArguments)
    {
        Caller = caller;
        head = [.. Runtime.Launcher, Runtime.Binary, .. runtimeArguments];
        caller.Subreaper();
    }

    public Caller Caller { get; }

    public string[] Environment { get; init; } =
        ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "XDG_RUNTIME_DIR=", "_OCI_SYNCPIPE=3", "_OCI_STARTPIPE=4"];

    /// <summary>The runtime's exit status; the streams are the container's now.</summary>
    public int Call(Streams streams, params string[] arguments)
    {
        Caller.Chmod(streams.In, 0x1ff);
        Caller.Chmod(streams.Out, 0x1ff);
        Caller.Chmod(streams.Err, 0x1ff);
        int pid = Start(streams.In, streams.Out, streams.Err, arguments);
        int exit = Caller.Wait(pid);
        Caller.Close(streams.In, streams.Out, streams.Err);
        return exit;
    }

    public int Start(int input, int output, int error, params string[] arguments) => Caller.Start(new Call([.. head, .. arguments])
    {
        Flags = "ku",
        Environment = Environment,
        Descriptors = { [0] = input, [1] = output, [2] = error },
    });

    /// <summary>What is sent upstream as the reason: a single read.</summary>
    public string Reason(Streams streams) => Caller.Read(streams.Stderr, 8191, 5000) ?? throw new IOException("nothing on stderr: conmon would hang");

    /// <summary>atoi: 0 for an empty file, -1 when there is none.</summary>
    public static int ReadPid(string path) =>
        !File.Exists(path) ? -1 : int.TryParse(File.ReadAllText(path), out int pid) ? pid : 0;
}

using System.IO;

namespace OciRun.Tests.Integration.Callers;

/// <summary>
/// Calls the runtime as go-runc does for containerd's shim (callers.md §3, §4): killed with its parent, one pipe for
/// both outputs that is read to its end before the wait.
/// </summary>
internal sealed class GoRunc(Caller caller, string root, string log)
{
    public string[] Words(params string[] arguments) =>
        [.. Runtime.Launcher, Runtime.Binary, "--root", root, "--log", log, "--log-format", "json", .. arguments];

    /// <summary>Exit status and what came out, both streams in one.</summary>
    public (int Exit, string Text) Combined(params string[] arguments)
    {
        (int read, int write) = caller.Pipe();
        int nothing = caller.Null();
        int pid = caller.Start(new Call(Words(arguments))
        {
            Flags = "k",
            Descriptors = { [0] = nothing, [1] = write, [2] = write },
        });
        caller.Close(write, nothing);
        string text = caller.ReadToEnd(read);
        int exit = caller.Wait(pid);
        caller.Close(read);
        return (exit, text);
    }

    /// <summary>With the container's own descriptors as standard ones; they are copied only when the call has returned.</summary>
    public int With(Streams streams, params string[] arguments)
    {
        int pid = caller.Start(new Call(Words(arguments)) { Flags = "k", Descriptors = { [0] = streams.In, [1] = streams.Out, [2] = streams.Err } });
        int exit = caller.Wait(pid);
        caller.Close(streams.In, streams.Out, streams.Err);
        return exit;
    }

    /// <summary>Go's Atoi takes no blank and no newline.</summary>
    public static int ReadPid(string path)
    {
        string text = File.ReadAllText(path);
        return int.TryParse(text, System.Globalization.NumberStyles.None, null, out int pid)
            ? pid
            : throw new InvalidDataException($"pid file \"{text}\"");
    }
}

/// <summary>The container's ends of its streams, and the caller's.</summary>
internal sealed record Streams(int In, int Out, int Err, int Stdin, int Stdout, int Stderr)
{
    public static Streams Pipes(Caller caller)
    {
        (int input, int stdin) = caller.Pipe();
        (int stdout, int output) = caller.Pipe();
        (int stderr, int error) = caller.Pipe();
        return new Streams(input, output, error, stdin, stdout, stderr);
    }
}

using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using FluentAssertions;
using OciRun.Kernel;

namespace OciRun.Tests.Integration;

/// <summary>A container that a real CRIU saves and brings back.</summary>
public abstract class CheckpointVmTest : RuntimeTest
{
    protected const string Counting = "i=0; while :; do i=$((i + 1)); echo $i >/count.new; mv /count.new /count; sleep 0.05; done";

    // The machine has no iptables, by which CRIU holds connections otherwise.
    protected static readonly string[] NoLock = ["--network-lock", "skip"];

    protected string Images => Path.Combine(Work, "images");

    // Standard output goes nowhere: a file of the host would be a reason for CRIU to refuse.
    private protected void Begin(View view, string script)
    {
        Bundle.Shell(script);
        Use(view);
        Call("run", "--detach").Redirect(">/dev/null 2>/dev/null").Run().Exit.Should().Be(0);
    }

    protected Outcome Checkpoint(params string[] options) =>
        Runtime.Run(["checkpoint", .. NoLock, "--image-path", Images, .. options, Id]);

    protected Outcome Restore(params string[] options) => Call("restore", [.. NoLock, "--image-path", Images, .. options]).Redirect(">/dev/null").Run();

    protected string Text() => File.Exists(Bundle.InRootfs("/count")) ? File.ReadAllText(Bundle.InRootfs("/count")) : "";

    protected int Count() => int.TryParse(Text(), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int count) ? count : 0;

    protected int Lines() => Text().Count(c => c == '\n');

    /// <summary>Asserts that the counter goes on.</summary>
    protected void Counts()
    {
        int before = Count();
        Eventually(() => Count() > before + 3, "it counts on");
    }

    private protected Fd Console(string verb, string name, params string[] options)
    {
        string path = Path.Combine(Work, name);
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        Call(verb, ["--console-socket", path, .. options]).Redirect(">/dev/null 2>/dev/null").Run().Exit.Should().Be(0);
        using Socket connection = Connected(listener);
        Span<byte> payload = stackalloc byte[256];
        Sys.recvmsg((int)connection.Handle, payload, out int master);
        return new Fd(master);
    }

    protected static void Shell(string script) => Execute("/bin/sh", "-c", script);
}

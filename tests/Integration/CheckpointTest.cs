using System.IO;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>A container that a stand-in for CRIU dumps.</summary>
public abstract class CheckpointTest : RuntimeTest
{
    protected CheckpointTest() => Criu = new CriuStandIn(Work);

    private protected CriuStandIn Criu { get; }

    protected string Images => Path.Combine(Work, "images");

    protected void Started()
    {
        if ((string?)Bundle.Process["args"]![0] == "true")
            Bundle.Args("sleep", "1000");
        CreateAndStart();
    }

    protected Runtime.Call Dump(params string[] options) => Runtime.With(["checkpoint", "--image-path", Images, .. options, Id]).Env("PATH", Criu.SearchPath);

    protected Outcome Checkpoint(params string[] options) => Dump(options).Run();

    protected void Refused(string message)
    {
        Outcome outcome = Checkpoint();
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain(message);
    }
}

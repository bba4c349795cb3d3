using System.IO;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>A program that is there and that execve(2) refuses: known only when the container's process has become it.</summary>
public sealed class ProcessArgsTests : RuntimeTest
{
    [RuntimeTheory]
    [InlineData("#!/absent\n", "no such file or directory", "its interpreter or dynamic loader is missing in the image")]
    [InlineData("\u0001\u0002", "exec format error", "not a program of this machine's architecture")]
    public void It_is_named_with_the_kernels_word_and_what_is_missing(string content, string word, string hint)
    {
        string[] parts = ["process.args[0]", "unable to start container process: ", $"exec /refused: {word}", hint];
        Bundle.WithFile("/refused", content, (UnixFileMode)0b111_101_101).Args("/refused");

        Outcome run = Call("run").Run();
        run.Exit.Should().Be(1);
        run.Err.Should().ContainAll(parts);
        Create().Should().Be(Silent);
        Outcome start = Runtime.Run("start", Id);
        start.Exit.Should().Be(1);
        start.Err.Should().ContainAll(parts);
        Runtime.Run("delete", Id).Should().Be(Silent);

        Bundle.Args("sleep", "100");
        CreateAndStart();
        Outcome exec = Runtime.Run("exec", Id, "/refused");
        exec.Exit.Should().Be(255);
        exec.Err.Should().ContainAll(parts);
        Status().Should().Be("running");
    }
}

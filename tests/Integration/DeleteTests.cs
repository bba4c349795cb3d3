using System.Diagnostics;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>delete (features.md §1.10).</summary>
[Trait("Category", "Conformance")]
public sealed class DeleteTests : RuntimeTest
{
    [RuntimeFact]
    public void Delete_of_a_running_container_fails_and_leaves_it()
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        Outcome delete = Runtime.Run("delete", Id);
        delete.Exit.Should().Be(1);
        delete.Err.Should().Contain(Id).And.Contain("is not stopped: running");
        Status().Should().Be("running");
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        Runtime.Run("state", Id).Exit.Should().Be(1);
    }

    [RuntimeFact]
    public void Delete_of_a_created_container_kills_it()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        int pid = Pid();
        Runtime.Run("delete", Id).Should().Be(Silent);
        RunningProcess.Alive(pid).Should().BeFalse();
    }

    [RuntimeFact]
    public void Delete_by_force_of_an_unknown_id_is_silent_success() =>
        Runtime.Run("delete", "--force", NewId()).Should().Be(Silent);

    [RuntimeFact]
    public void Concurrent_deletes_by_force_all_succeed()
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        Runtime.Call[] calls = new Runtime.Call[4];
        Process[] processes = new Process[calls.Length];
        for (int i = 0; i < calls.Length; i++)
            processes[i] = (calls[i] = Runtime.With("delete", "--force", Id)).Start();
        for (int i = 0; i < calls.Length; i++)
        {
            using Process process = processes[i];
            calls[i].Finish(process).Exit.Should().Be(0, calls[i].Err);
        }
    }
}

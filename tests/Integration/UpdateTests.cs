using System;
using System.IO;
using System.Linq;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>update (features.md §1.15), with files that every cgroup v2 hierarchy has.</summary>
[Trait("Category", "Conformance")]
public sealed class UpdateTests : RuntimeTest
{
    [RuntimeFact]
    public void A_document_comes_from_a_file_or_standard_input()
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        string file = Path.Combine(Work, "resources.json");
        File.WriteAllText(file, """{"unified": {"cgroup.max.depth": "7"}}""");
        Runtime.Run("update", "--resources", file, Id).Should().Be(Silent);
        Value("cgroup.max.depth").Should().Be("7");
        Document("""{"unified": {"cgroup.max.depth": "9"}}""").Should().Be(Silent);
        Value("cgroup.max.depth").Should().Be("9");
    }

    [RuntimeFact]
    public void A_created_container_is_changed_too()
    {
        Create().Should().Be(Silent);
        Document("""{"unified": {"cgroup.max.descendants": "5"}}""").Should().Be(Silent);
        Value("cgroup.max.descendants").Should().Be("5");
    }

    [RuntimeFact]
    public void Without_anything_to_change_nothing_changes()
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        Document("{}").Should().Be(Silent);
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void A_stopped_or_missing_container_is_an_error()
    {
        Document("{}").Exit.Should().Be(1);
        CreateAndStart();
        Eventually(() => Status() == "stopped", "true ends");
        Outcome update = Document("{}");
        (update.Exit, update.Out).Should().Be((1, ""));
        if (Runtime.IsOcirun)
            update.Err.Should().Contain("container not running");
    }

    [RuntimeFact]
    public void A_broken_document_is_an_error()
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        Document("{\"unified\": ").Exit.Should().Be(1);
        Document("").Exit.Should().Be(1);
        Runtime.Run("update", "--resources", Work + "/none", Id).Exit.Should().Be(1);
        Status().Should().Be("running");
    }

    private Outcome Document(string json)
    {
        string file = Path.Combine(Work, "stdin.json");
        File.WriteAllText(file, json);
        return Runtime.With("update", "--resources", "-", Id).Redirect($"<'{file}'").Run();
    }

    private string Value(string file) => File.ReadAllText(Path.Combine(Cgroup(Pid()), file)).Trim();

    /// <summary>The directory of a process's cgroup v2.</summary>
    internal static string Cgroup(int pid) =>
        (Directory.Exists("/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup")
        + File.ReadLines($"/proc/{pid}/cgroup").First(line => line.StartsWith("0::", StringComparison.Ordinal))[3..];
}

using System;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Plan;
using OciRun.Tests.Spec;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed class PlanTextTests
{
    /// <summary>
    /// The text in approved/docker-like.txt was read and found right by a person. After a change that is meant, run
    /// this test with UPDATE_APPROVED=1 and read the difference.
    /// </summary>
    [Fact]
    public void The_plan_of_a_usual_container_is_the_approved_one()
    {
        string path = Path.Combine(Folder(), "approved", "docker-like.txt");
        string text = PlanText.Text(DockerLike());
        if (Environment.GetEnvironmentVariable("UPDATE_APPROVED") == "1")
            File.WriteAllText(path, text);
        text.Should().Be(File.ReadAllText(path));
    }

    [Fact]
    public void The_same_request_gives_the_same_plan()
    {
        PlanText.Text(DockerLike()).Should().Be(PlanText.Text(DockerLike()));
        PlanText.Json(DockerLike()).Should().Equal(PlanText.Json(DockerLike()));
    }

    [Fact]
    public void Json_has_every_step_of_the_text()
    {
        ContainerPlan plan = DockerLike();
        JsonArray json = JsonNode.Parse(PlanText.Json(plan))!.AsArray();
        string[] lines = PlanText.Text(plan).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        json.Should().HaveCount(plan.Steps.Count);
        for (int i = 0; i < json.Count; i++)
        {
            ((int)json[i]!["step"]!).Should().Be(i + 1);
            string[] parts = new[] { "operation", "arguments", "field" }.Select(name => (string?)json[i]![name]).OfType<string>().ToArray();
            lines[i + 1].Should().ContainAll(parts);
        }
    }

    [Fact]
    public void What_a_step_does_is_said_in_its_line()
    {
        Sample sample = new()
        {
            Namespaces = "pid:/p uts mount user:/u",
            Document = """
                "mounts": [{"destination": "/a", "source": "/a\n", "options": ["rbind", "nosuid", "noatime", "rro", "rshared"]}]
                """,
            Process = "\"args\": [\"a b\", \"c\\nd\"], \"user\": {\"uid\": 5, \"umask\": 63}",
            Linux = "\"devices\": [{\"path\": \"/dev/b\", \"type\": \"b\", \"major\": 259, \"minor\": 65537}]",
        };
        string text = PlanText.Text(sample.Plan());
        text.Should().StartWith("clone into the runtime's namespaces\n")
            .And.Contain("CLONE_NEWPID \"/p\"  [linux.namespaces[0].path]")
            .And.Contain("bind on \"a\", set MOUNT_ATTR_NOSUID MOUNT_ATTR_NOATIME, clear ")
            .And.Contain(", set recursively MOUNT_ATTR_RDONLY, MS_SHARED MS_REC")
            .And.Contain("\"dev/b\" b 259:65537 0666 0:0")
            .And.Contain("\"a b\" \"c\\nd\"")
            .And.Contain("umask                     077  [process.user.umask]");
        text.TrimEnd('\n').Split('\n').Should().HaveCount(sample.Plan().Steps.Count + 1, "a step is one line, whatever is in it");
    }

    private static ContainerPlan DockerLike() => Planner.Make(new PlanRequest
    {
        Config = Reading.Config(File.ReadAllText(Path.Combine(Folder(), "..", "..", "bench", "docker-like.json"))),
        Bundle = "/bundle",
        Rootfs = "/bundle/rootfs",
        Id = "box",
        Privileged = true,
        CgroupPath = "/sys/fs/cgroup/box",
    });

    private static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}

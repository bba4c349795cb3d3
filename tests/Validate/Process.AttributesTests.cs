using FluentAssertions;
using OciRun.Validate;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class ProcessAttributesTests
{
    [Theory]
    [InlineData("\"class\": \"IOPRIO_CLASS_RT\", \"priority\": 0")]
    [InlineData("\"class\": \"IOPRIO_CLASS_BE\", \"priority\": 7")]
    [InlineData("\"class\": \"IOPRIO_CLASS_IDLE\"")]
    public void Io_priorities_have_a_class_and_a_number(string members) =>
        Validating.Process("\"ioPriority\": {" + members + "}").Should().BeEmpty();

    [Theory]
    [InlineData("\"priority\": 1", "class: missing")]
    [InlineData("\"class\": \"BE\"", "class \"BE\": unknown class; use one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE")]
    [InlineData("\"class\": \"IOPRIO_CLASS_BE\", \"priority\": 8", "priority \"8\": out of range")]
    [InlineData("\"class\": \"IOPRIO_CLASS_BE\", \"priority\": -1", "priority \"-1\": out of range")]
    public void Other_io_priorities_are_refused(string members, string finding) =>
        Validating.Process("\"ioPriority\": {" + members + "}")
            .Should().ContainSingle().Which.Should().StartWith("process.ioPriority." + finding);

    [Theory]
    [InlineData("", null)]
    [InlineData("\"initial\": \"0-3,7\", \"final\": \"2000\"", null)]
    [InlineData("\"initial\": \"\"", null)]
    [InlineData("\"initial\": \"x\"", "process.execCPUAffinity.initial \"x\": not a list of numbers and ranges; use a list such as 0-3,7")]
    [InlineData("\"final\": \"2-1\"", "process.execCPUAffinity.final \"2-1\": a range that ends before it starts; use a list such as 0-3,7")]
    public void Affinities_are_lists(string members, string? finding) =>
        Validating.Process("\"execCPUAffinity\": {" + members + "}").Should().Equal(finding is null ? [] : [finding]);

    [Theory]
    [InlineData("apparmorProfile", "process.apparmorProfile \"x:y:z\": apparmor: config provided but apparmor not supported; ")]
    [InlineData("selinuxLabel", "process.selinuxLabel \"x:y:z\": selinux label is specified in config, but selinux is disabled or not supported; ")]
    public void A_label_needs_its_module(string field, string finding)
    {
        Validating.Process($"\"{field}\": \"x:y:z\"").Should().ContainSingle().Which.Should().StartWith(finding);
        string config = $$"""
            "process": {"args": ["sh"], "cwd": "/", "{{field}}": "x:y:z"}
            """;
        Validating.Members(config, new ValidationFacts { AppArmor = true, SELinux = true }).Should().BeEmpty();
        Validating.Process($"\"{field}\": \"\"").Should().BeEmpty();
    }
}

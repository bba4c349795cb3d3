using FluentAssertions;
using OciRun.Validate;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class LinuxMountLabelTests
{
    private static readonly ValidationFacts SELinux = new() { Privileged = true, SELinux = true };

    [Theory]
    [InlineData("")]
    [InlineData("a:b:c")]
    [InlineData("system_u:object_r:container_file_t:s0:c4,c5")]
    [InlineData("u:r:t:s0-s0:c0.c1023")]
    public void A_label_is_accepted_where_there_is_SELinux(string label) =>
        Validating.Linux($"\"mountLabel\": \"{label}\"", SELinux).Should().BeEmpty();

    [Fact]
    public void Without_SELinux_it_is_refused_in_the_words_that_callers_know() =>
        Validating.Linux("\"mountLabel\": \"a:b:c\"").Should().Equal(
            "linux.mountLabel \"a:b:c\": selinux label is specified in config, but selinux is disabled or not supported; "
            + "remove it, or enable SELinux and mount its file system on /sys/fs/selinux");

    [Theory]
    [InlineData("a")]
    [InlineData("a:b")]
    [InlineData("a:b:c d")]
    [InlineData("a:b:c\\\",mode=777")]
    [InlineData("a:b:c\\\\")]
    [InlineData("a:b:c'")]
    [InlineData("a:b:c\\n")]
    [InlineData("a:b:\\u00e9")]
    public void What_is_no_label_is_refused(string label) =>
        Validating.Linux($"\"mountLabel\": \"{label}\"", SELinux).Should().ContainSingle()
            .Which.Should().StartWith("linux.mountLabel").And.Contain(": not a label of SELinux; ");

    [Theory]
    [InlineData(255, 0)]
    [InlineData(256, 1)]
    public void It_is_at_most_255_bytes_long(int length, int findings) =>
        Validating.Linux($"\"mountLabel\": \"a:b:{new string('c', length - 4)}\"", SELinux).Should().HaveCount(findings);

    [Theory]
    [InlineData("context", 0)]
    [InlineData("fscontext", 0)]
    [InlineData("defcontext", 0)]
    [InlineData("rootcontext", 0)]
    [InlineData("", 1)]
    [InlineData("Context", 1)]
    [InlineData("seclabel", 1)]
    public void The_annotation_names_an_option_of_labels(string word, int findings)
    {
        string annotations = $"\"annotations\": {{\"run.oci.mount_context_type\": \"{word}\"}}";
        string[] found = Validating.Members($"\"linux\": {{\"mountLabel\": \"a:b:c\"}}, {annotations}", SELinux);
        found.Should().HaveCount(findings);
        if (findings > 0)
        {
            found[0].Should().Be($"annotations[\"run.oci.mount_context_type\"] \"{word}\": unknown mount context type; "
                + "use one of context, fscontext, defcontext, rootcontext");
        }

        Validating.Members(annotations).Should().BeEmpty("without a label it has no meaning");
    }
}

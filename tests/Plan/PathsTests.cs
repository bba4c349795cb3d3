using System;
using System.Linq;
using FluentAssertions;
using FsCheck;
using OciRun.Plan;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed class PathsTests
{
    [Theory]
    [InlineData("/a/b", "a/b")]
    [InlineData("a//b/./c/", "a/b/c")]
    [InlineData("/a/../../b", "b")]
    [InlineData("/a/b/../c", "a/c")]
    [InlineData("/..", ".")]
    [InlineData("", ".")]
    [InlineData("/", ".")]
    [InlineData("/...", "...")]
    [InlineData("/..a/b..", "..a/b..")]
    [InlineData("/ /\n", " /\n")]
    public void A_path_is_cleaned_inside_the_root(string path, string clean) => Paths.InRoot(path).ToString().Should().Be(clean);

    [Fact]
    public void A_clean_path_never_leaves_the_root_and_stays_as_it_is()
    {
        Arbitrary<string[]> paths = Gen.Elements("/", "/", "/", "..", ".", "a", "é", "...", "").ArrayOf().ToArbitrary();
        Prop.ForAll(paths, parts =>
        {
            string path = string.Concat(parts);
            string clean = Paths.InRoot(path).ToString();
            string[] components = clean.Split('/');
            components.Should().NotContain("..").And.NotContain("");
            if (clean != ".")
                components.Should().NotContain(".");
            Paths.InRoot(clean).ToString().Should().Be(clean);
            Paths.InRoot("/" + clean).ToString().Should().Be(clean);
            clean.Should().Be(Model(path));
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("/bundle", "/a", "/a")]
    [InlineData("/bundle", "a/../b", "/bundle/a/../b")]
    [InlineData("/bundle", "", "/bundle/")]
    public void A_relative_path_is_below_the_directory(string directory, string path, string expected) =>
        Paths.Below(directory, path).ToString().Should().Be(expected);

    [Theory]
    [InlineData("proc", true)]
    [InlineData("proc/sys", true)]
    [InlineData("process", false)]
    [InlineData("a/proc", false)]
    [InlineData("pro", false)]
    public void Within_ends_at_a_slash(string path, bool within) => Paths.IsWithin(path, "proc"u8).Should().Be(within);

    [Fact]
    public void Bytes_that_are_no_text_are_kept() =>
        Paths.InRoot(new Utf8([(byte)'/', 0xff, (byte)'/', 0xfe])).Span.ToArray().Should().Equal(0xff, (byte)'/', 0xfe);

    private static string Model(string path)
    {
        System.Collections.Generic.List<string> stack = [];
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."))
        {
            if (part != "..")
                stack.Add(part);
            else if (stack.Count > 0)
                stack.RemoveAt(stack.Count - 1);
        }

        return stack.Count == 0 ? "." : string.Join('/', stack);
    }

    [Theory]
    [InlineData("/b/rootfs/mnt/x", "/b/rootfs", "mnt/x")]
    [InlineData("/b/rootfs", "/b/rootfs", ".")]
    [InlineData("/b/./rootfs//mnt", "/b/rootfs", "mnt")]
    [InlineData("/b/rootfs2/mnt", "/b/rootfs", "b/rootfs2/mnt")]
    [InlineData("/mnt", "/b/rootfs", "mnt")]
    [InlineData("/mnt", "/", "mnt")]
    [InlineData("/mnt", "", "mnt")]
    public void A_destination_may_name_its_place_on_the_host(string path, string rootfs, string expected) =>
        Paths.InRoot(new Utf8(path), new Utf8(rootfs)).ToString().Should().Be(expected);
}

using System;
using FluentAssertions;
using OciRun.Commands;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class CheckpointTests
{
    [Theory]
    [InlineData("10.0.0.1:27", "10.0.0.1", 27)]
    [InlineData("host:65535", "host", 65535)]
    [InlineData("[fe80::1%eth0]:1", "fe80::1%eth0", 1)]
    public void A_page_server_is_an_address_and_a_port(string text, string address, int port) =>
        Checkpoint.PageServer(text).Should().Be((address, port));

    [Theory]
    [InlineData("host")]
    [InlineData("host:")]
    [InlineData(":1")]
    [InlineData("[]:1")]
    [InlineData("fe80::1:1")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:-1")]
    [InlineData("host:x")]
    public void Anything_else_is_none(string text)
    {
        Action parse = () => Checkpoint.PageServer(text);
        parse.Should().Throw<FaultException>();
    }

    [Theory]
    [InlineData(null, 6)]
    [InlineData("soft", 3)]
    [InlineData("full", 4)]
    [InlineData("strict", 5)]
    [InlineData("ignore", 0)]
    public void Cgroups_are_managed_as_named(string? word, int mode) => ((int)Checkpoint.CgroupMode(word)).Should().Be(mode);
}

using System.IO;
using System.Net.Sockets;
using System.Text;
using FluentAssertions;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>A caller that asks for a pidfd of the container's process (features.md CR04, AN10).</summary>
[Trait("Category", "Conformance")]
public sealed class PidfdReceiverTests : RuntimeTest
{
    [RuntimeTheory]
    [InlineData(true, "create")]
    [InlineData(true, "run")]
    [InlineData(false, "create")]
    [InlineData(false, "run")]
    public void The_socket_gets_a_descriptor_of_the_process(bool annotation, string verb)
    {
        if (Runtime.Name == (annotation ? "runc" : "crun"))
            return;
        string path = Path.Combine(Work, "pidfd.sock");
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(1);
        Bundle.Args("sleep", "1000");
        if (annotation)
            Bundle.Config["annotations"] = new System.Text.Json.Nodes.JsonObject { ["run.oci.pidfd_receiver"] = path };
        string[] options = annotation ? [] : ["--pidfd-socket", path];
        Call(verb, verb == "run" ? ["--detach", .. options] : options).Run().Should().Be(Silent);

        using Socket connection = Connected(socket);
        byte[] payload = new byte[64];
        long length = Sys.recvmsg((int)connection.Handle, payload, out int pidfd);
        length.Should().BePositive();
        if (!annotation)
            Encoding.ASCII.GetString(payload, 0, (int)length).Should().Be("standard");
        using Fd descriptor = new(pidfd);
        File.ReadAllText($"/proc/self/fdinfo/{pidfd}").Should().Contain($"\nPid:\t{Pid()}\n");
    }
}

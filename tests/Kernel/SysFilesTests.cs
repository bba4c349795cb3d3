using System;
using System.IO;
using System.IO.Pipes;
using System.Linq;
using System.Threading.Tasks;
using FluentAssertions;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Kernel;

public sealed class SysFilesTests : IDisposable
{
    private const int Maximum = 20_000;

    private readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(8192)]
    [InlineData(Maximum - 1)]
    [InlineData(Maximum)]
    public void A_file_is_read_whole(int size)
    {
        byte[] content = Content(size);
        File.WriteAllBytes(path, content);
        Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes(path), Maximum, out int errno).Should().Equal(content);
        errno.Should().Be(0);
    }

    [Theory]
    [InlineData(Maximum + 1)]
    [InlineData(Maximum + 4096)]
    [InlineData(Maximum * 4)]
    public void One_that_is_too_large_is_refused(int size)
    {
        File.WriteAllBytes(path, Content(size));
        Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes(path), Maximum, out int errno).Should().BeNull();
        errno.Should().Be(Errno.EFBIG);
    }

    [Fact]
    public void A_small_limit_is_held()
    {
        File.WriteAllBytes(path, Content(11));
        Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes(path), 10, out int errno).Should().BeNull();
        errno.Should().Be(Errno.EFBIG);
        Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes(path), 11, out errno).Should().HaveCount(11);
    }

    // Its size is not known before, and it comes as it is written.
    [Theory]
    [InlineData(1, 100)]
    [InlineData(700, 25)]
    [InlineData(4096, 3)]
    [InlineData(5000, 4)]
    public async Task What_comes_in_pieces_is_read_whole(int piece, int pieces)
    {
        using AnonymousPipeServerStream writer = new(PipeDirection.Out, HandleInheritability.None);
        byte[] content = Content(piece * pieces);
        int fd = (int)writer.ClientSafePipeHandle.DangerousGetHandle();
        Task<byte[]?> reading = Task.Run(() => Sys.ReadToEnd(fd, Maximum, out _));
        for (int i = 0; i < pieces; i++)
        {
            await writer.WriteAsync(content.AsMemory(i * piece, piece));
            await Task.Delay(1);
        }

        // Only this process has the writing end.
        writer.SafePipeHandle.Dispose();
        (await reading).Should().Equal(content);
    }

    [Fact]
    public void What_cannot_be_read_is_told()
    {
        Sys.ReadFile(Uapi.AT_FDCWD, "/proc/self/mem"u8, Maximum, out int errno).Should().BeNull();
        errno.Should().Be(Errno.EIO);
        Sys.ReadFile(Uapi.AT_FDCWD, "/proc/none"u8, Maximum, out errno).Should().BeNull();
        errno.Should().Be(Errno.ENOENT);
    }

    // Of a file that the kernel makes up as it is read, which has the size 0.
    [Fact]
    public void A_file_without_a_size_is_read_whole() =>
        Sys.ReadFile(Uapi.AT_FDCWD, "/proc/filesystems"u8, Maximum, out _).Should().Equal(File.ReadAllBytes("/proc/filesystems"));

    private static byte[] Content(int size) => [.. Enumerable.Range(0, size).Select(i => (byte)(i % 251))];
}

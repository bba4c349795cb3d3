using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>
/// Native memory that holds everything the child reads. Addresses never change, and clone copies it with the
/// process, so plain pointers work on both sides.
/// </summary>
internal sealed unsafe class Arena : IDisposable
{
    private const int ChunkSize = 256 * 1024;

    private readonly List<(nint Address, long Size)> _chunks = [];
    private byte* _next;
    private byte* _end;

    public byte* Allocate(long size)
    {
        long rounded = (size + 15) & ~15L;
        if (_end - _next < rounded)
        {
            long chunk = Math.Max(ChunkSize, rounded);
            _next = Sys.mmap(chunk, Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_PRIVATE | Uapi.MAP_ANONYMOUS);
            if (_next is null)
                throw new FaultException(new Fault("cannot allocate the plan") { Syscall = "mmap", Errno = Errno.ENOMEM });
            _end = _next + chunk;
            _chunks.Add(((nint)_next, chunk));
        }

        byte* result = _next;
        _next += rounded;
        return result;
    }

    /// <summary>Gives the memory back; every pointer into it is dead.</summary>
    public void Dispose()
    {
        foreach ((nint address, long size) in _chunks)
            Sys.munmap((void*)address, size);
        _chunks.Clear();
        _next = _end = null;
    }

    public T* Make<T>()
        where T : unmanaged => (T*)Allocate(sizeof(T));

    public T* Array<T>(int count)
        where T : unmanaged => (T*)Allocate((long)sizeof(T) * Math.Max(count, 1));

    /// <summary>NUL-terminated copy.</summary>
    public byte* Text(ReadOnlySpan<byte> text)
    {
        byte* p = Allocate(text.Length + 1);
        text.CopyTo(new Span<byte>(p, text.Length));
        p[text.Length] = 0;
        return p;
    }

    public byte* Text(Utf8 text) => Text(text.Span);

    /// <summary>NULL-terminated vector for execve(2).</summary>
    public byte** Vector(IReadOnlyList<Utf8> texts)
    {
        byte** vector = (byte**)Allocate(((long)texts.Count + 1) * sizeof(byte*));
        for (int i = 0; i < texts.Count; i++)
            vector[i] = Text(texts[i]);
        vector[texts.Count] = null;
        return vector;
    }
}

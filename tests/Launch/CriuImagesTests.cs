using System.IO;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Launch;
using Xunit;

namespace OciRun.Tests.Launch;

public sealed class CriuImagesTests
{
    [Theory]
    [InlineData("[\"/dev/null\",\"pipe:[1]\"]", 2)]
    [InlineData("[]", 0)]
    [InlineData("[\"\\ud800\"]", -1)]
    [InlineData("[1]", -1)]
    [InlineData("[", -1)]
    public void The_descriptors_of_a_checkpoint_are_an_array_of_texts(string json, int count)
    {
        DirectoryInfo images = Directory.CreateTempSubdirectory("ocirun-images");
        try
        {
            File.WriteAllText(Path.Combine(images.FullName, "descriptors.json"), json);
            using CriuImages opened = CriuImages.ForRestore(new CriuFlags { ImagePath = images.FullName });
            if (count < 0)
                opened.Invoking(it => it.LoadDescriptors()).Should().Throw<FaultException>().Which.Fault.Message.Should().Be("descriptors.json is no array of texts");
            else
                opened.LoadDescriptors().Should().HaveCount(count);
        }
        finally
        {
            images.Delete(recursive: true);
        }
    }
}
